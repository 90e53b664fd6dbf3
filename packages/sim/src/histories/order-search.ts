/**
 * Is there one order of these operations that respects real time and that the model allows? The
 * search of Wing and Gong with Lowe's memo: calls and returns in one doubly linked list, an operation
 * that is taken is lifted out of it, a configuration (the set of taken operations, the state) is
 * visited once. What is only observed is taken at once wherever it fits: it changes nothing, so that
 * to wait with it could never help.
 *
 * An operation that never returned has no return in the list: it can be taken at any time after its
 * call, or never. It knows nothing of znodes; what a state is, the model says.
 */

export interface SearchOperation {
  readonly calledAt: number
  /** `Infinity` of one that may take effect at any time, or never. */
  readonly returnedAt: number
  /** It leaves the state as it is. */
  readonly observes: boolean
  /** It comes behind this one, even where real time does not say so; or -1. */
  readonly after: number
  /** A number that only operations with the same effect on every state share. */
  readonly effect: number
}

export interface SearchModel {
  readonly initial: number
  /** The state behind an operation; -1 when it cannot be next. */
  step(state: number, operation: number): number
}

export type Verdict = 'ok' | 'violation' | 'unknown'

export interface SearchResult {
  /** `unknown`: the budget was spent before there was an answer. */
  readonly verdict: Verdict
  /** The order that was found; of a violation the longest that explains a beginning. */
  readonly order: readonly number[]
  /** What could have come next behind the longest beginning, by time, and does not fit. */
  readonly blocked: readonly number[]
  readonly steps: number
}

/** Searches for an order, with at most so many steps of the model. */
export function searchOrder(
  operations: readonly SearchOperation[],
  model: SearchModel,
  maxSteps: number,
): SearchResult {
  return new OrderSearch(operations, model, maxSteps).run()
}

const head = 0

/** A configuration on the way that the search is on. */
interface Visit {
  readonly state: number
  /** How many operations were taken before the next one is. */
  readonly depth: number
  /** What may be next, the best first. */
  readonly candidates: readonly number[]
  /** How many of them were tried. */
  tried: number
}

class OrderSearch {
  readonly #operations: readonly SearchOperation[]
  readonly #model: SearchModel
  readonly #maxSteps: number
  readonly #list: EventList
  readonly #taken: TakenSet
  readonly #memo = new Memo()
  readonly #order: number[] = []
  /** Operations that must be taken, and are not. */
  #missing: number
  #steps = 0
  #longest: readonly number[] = []
  #longestMissing = Infinity

  constructor(operations: readonly SearchOperation[], model: SearchModel, maxSteps: number) {
    this.#operations = operations
    this.#model = model
    this.#maxSteps = maxSteps
    this.#list = new EventList(operations)
    this.#taken = new TakenSet(operations)
    this.#missing = operations.filter((one) => one.returnedAt !== Infinity).length
  }

  run(): SearchResult {
    const way = [this.#visit(this.#model.initial)]
    for (;;) {
      if (this.#missing === 0) return this.#result('ok')
      if (this.#steps > this.#maxSteps) return this.#result('unknown')
      const here = way.at(-1)
      if (here === undefined) return this.#result('violation')
      const next = here.candidates[here.tried]
      here.tried += 1
      if (next === undefined || this.#isOptional(next)) this.#noteLongest()
      if (next === undefined) {
        way.pop()
        this.#takeBack(way.at(-1)?.depth ?? 0)
      } else {
        const after = this.#tryChange(here.state, next)
        if (after !== -1) way.push(this.#visit(after))
      }
    }
  }

  #isOptional(operation: number): boolean {
    return this.#operations[operation]?.returnedAt === Infinity
  }

  /** Comes to a configuration: takes what is observed there, and gathers what may be next. */
  #visit(state: number): Visit {
    while (this.#takeObservations(state));
    return { state, depth: this.#order.length, candidates: this.#candidates(), tried: 0 }
  }

  /** Takes all observations that fit now; true when there were some. */
  #takeObservations(state: number): boolean {
    let took = false
    let node = this.#list.first
    while (this.#list.isCall(node)) {
      const operation = this.#list.operationOf(node)
      node = this.#list.next(node)
      const { observes, after } = this.#operations[operation] as SearchOperation
      if (!observes || !this.#isFree(after)) continue
      this.#steps += 1
      if (this.#model.step(state, operation) !== state) continue
      // Its return may have been the next node.
      if (node === this.#list.returnOf(operation)) node = this.#list.next(node)
      this.#take(operation)
      took = true
    }
    return took
  }

  /**
   * The changes that may be next, those first that return first: so what need not be taken comes last.
   * Of several with one effect only the first to return, for which any other can stand in later.
   */
  #candidates(): number[] {
    const best = new Map<number, number>()
    for (let node = this.#list.first; this.#list.isCall(node); node = this.#list.next(node)) {
      const operation = this.#list.operationOf(node)
      const { observes, after, effect, returnedAt } = this.#operations[operation] as SearchOperation
      if (observes || !this.#isFree(after)) continue
      const other = this.#operations[best.get(effect) ?? -1]
      if (other === undefined || returnedAt < other.returnedAt) best.set(effect, operation)
    }
    const returnOf = (one: number): number => this.#operations[one]?.returnedAt ?? 0
    // Two that never return compare as NaN, and stay in the order of their calls.
    return [...best.values()].sort((a, b) => returnOf(a) - returnOf(b) || 0)
  }

  /** Takes a change if that leads to a configuration that is new: its state, or -1. */
  #tryChange(state: number, operation: number): number {
    this.#steps += 1
    const after = this.#model.step(state, operation)
    if (after === -1) return -1
    this.#take(operation)
    if (this.#memo.add(this.#taken, after)) return after
    this.#takeBack(this.#order.length - 1)
    return -1
  }

  /** True when what must come first, if anything must, is taken. */
  #isFree(after: number): boolean {
    return after === -1 || this.#taken.has(after)
  }

  #take(operation: number): void {
    this.#order.push(operation)
    this.#list.lift(operation)
    this.#taken.toggle(operation)
    if (!this.#isOptional(operation)) this.#missing -= 1
  }

  /** Takes back all but the first so many. */
  #takeBack(depth: number): void {
    while (this.#order.length > depth) {
      const operation = this.#order.pop() as number
      this.#list.unlift(operation)
      this.#taken.toggle(operation)
      if (!this.#isOptional(operation)) this.#missing += 1
    }
  }

  #noteLongest(): void {
    if (this.#missing >= this.#longestMissing) return
    this.#longestMissing = this.#missing
    this.#longest = [...this.#order]
  }

  #result(verdict: Verdict): SearchResult {
    const steps = this.#steps
    if (verdict === 'ok') return { verdict, order: [...this.#order], blocked: [], steps }
    this.#noteLongest()
    const taken = new Set(this.#longest)
    const left = [...this.#operations.keys()].filter((one) => !taken.has(one))
    const firstReturn = left.reduce(
      (first, one) => Math.min(first, this.#operations[one]?.returnedAt ?? Infinity),
      Infinity,
    )
    const blocked = left.filter((one) => {
      const { calledAt, returnedAt } = this.#operations[one] as SearchOperation
      return calledAt <= firstReturn && returnedAt !== Infinity
    })
    return { verdict, order: this.#longest, blocked, steps }
  }
}

/** Calls and returns in the order of their times, a call before a return of the same time. */
class EventList {
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** 0 of the return of what never returned. */
  readonly #isLinked: Uint8Array

  constructor(operations: readonly SearchOperation[]) {
    // Node 0 is the head and the end; 2i + 1 is the call of operation i, 2i + 2 its return.
    const size = 2 * operations.length + 1
    this.#next = new Int32Array(size)
    this.#previous = new Int32Array(size)
    this.#isLinked = new Uint8Array(size)
    const nodes: { readonly node: number; readonly at: number; readonly isReturn: boolean }[] = []
    for (const [index, { calledAt, returnedAt }] of operations.entries()) {
      nodes.push({ node: 2 * index + 1, at: calledAt, isReturn: false })
      if (returnedAt !== Infinity) {
        nodes.push({ node: 2 * index + 2, at: returnedAt, isReturn: true })
      }
    }
    nodes.sort((a, b) => a.at - b.at || Number(a.isReturn) - Number(b.isReturn) || a.node - b.node)
    let last = head
    for (const { node } of nodes) {
      this.#isLinked[node] = 1
      this.#link(last, node)
      last = node
    }
    this.#link(last, head)
  }

  get first(): number {
    return this.next(head)
  }

  next(node: number): number {
    return this.#next[node] as number
  }

  isCall(node: number): boolean {
    return node % 2 === 1
  }

  operationOf(node: number): number {
    return (node - 1) >> 1
  }

  returnOf(operation: number): number {
    return 2 * operation + 2
  }

  lift(operation: number): void {
    this.#unlink(2 * operation + 1)
    this.#unlink(2 * operation + 2)
  }

  /** Puts back what was lifted last. */
  unlift(operation: number): void {
    this.#relink(2 * operation + 2)
    this.#relink(2 * operation + 1)
  }

  #link(node: number, next: number): void {
    this.#next[node] = next
    this.#previous[next] = node
  }

  #unlink(node: number): void {
    if (this.#isLinked[node] === 0) return
    this.#link(this.#previous[node] as number, this.#next[node] as number)
  }

  #relink(node: number): void {
    if (this.#isLinked[node] === 0) return
    this.#next[this.#previous[node] as number] = node
    this.#previous[this.#next[node] as number] = node
  }
}

/** The set of taken operations, with a hash of those that must be, kept as they come and go. */
class TakenSet {
  readonly #bitOf: Int32Array
  readonly #words: Int32Array
  /** How many words are of what must be taken: those fill up from the front. */
  readonly #requiredWords: number
  hash = 0

  constructor(operations: readonly SearchOperation[]) {
    const byCall = [...operations.keys()].sort(
      (a, b) => (operations[a]?.calledAt ?? 0) - (operations[b]?.calledAt ?? 0),
    )
    const required = byCall.filter((one) => operations[one]?.returnedAt !== Infinity)
    const optional = byCall.filter((one) => operations[one]?.returnedAt === Infinity)
    this.#requiredWords = Math.ceil(required.length / 32)
    this.#bitOf = new Int32Array(operations.length)
    for (const [rank, operation] of required.entries()) this.#bitOf[operation] = rank
    for (const [rank, operation] of optional.entries()) {
      this.#bitOf[operation] = 32 * this.#requiredWords + rank
    }
    this.#words = new Int32Array(this.#requiredWords + Math.ceil(optional.length / 32))
  }

  has(operation: number): boolean {
    const bit = this.#bitOf[operation] as number
    return ((this.#words[bit >> 5] as number) & (1 << (bit & 31))) !== 0
  }

  toggle(operation: number): void {
    const bit = this.#bitOf[operation] as number
    this.#words[bit >> 5] = (this.#words[bit >> 5] as number) ^ (1 << (bit & 31))
    if (bit < 32 * this.#requiredWords) this.hash ^= scatter(bit + 1)
  }

  /** What must be taken and is, without the full words in front and the empty ones behind. */
  required(): { readonly skipped: number; readonly words: Int32Array } {
    let from = 0
    while (from < this.#requiredWords && this.#words[from] === -1) from += 1
    let end = this.#requiredWords
    while (end > from && this.#words[end - 1] === 0) end -= 1
    return { skipped: from, words: this.#words.slice(from, end) }
  }

  /** What may be taken and is. */
  optional(): Int32Array {
    return this.#words.slice(this.#requiredWords)
  }
}

interface Configuration {
  readonly state: number
  readonly skipped: number
  readonly required: Int32Array
  /** What of the rest was taken, each time that it was visited. */
  readonly optional: Int32Array[]
}

/** Every configuration that was visited. */
class Memo {
  readonly #byHash = new Map<number, Configuration[]>()

  /**
   * False when it is known already, or one from which at least as much can follow: the same but that
   * less was taken of what may be.
   */
  add(taken: TakenSet, state: number): boolean {
    const hash = taken.hash ^ scatter(-1 - state)
    const { skipped, words } = taken.required()
    const optional = taken.optional()
    const bucket = this.#byHash.get(hash) ?? []
    if (bucket.length === 0) this.#byHash.set(hash, bucket)
    const known = bucket.find(
      (one) =>
        one.state === state &&
        one.skipped === skipped &&
        one.required.length === words.length &&
        one.required.every((word, index) => word === words[index]),
    )
    if (known === undefined) {
      bucket.push({ state, skipped, required: words, optional: [optional] })
      return true
    }
    if (known.optional.some((less) => isPartOf(less, optional))) return false
    known.optional.push(optional)
    return true
  }
}

/** True when each bit of `part` is one of `whole`. */
function isPartOf(part: Int32Array, whole: Int32Array): boolean {
  return part.every((word, index) => (word & ~(whole[index] as number)) === 0)
}

/** 32 bits that look random, for a number: the last step of MurmurHash3. */
function scatter(number: number): number {
  let bits = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
