/**
 * The story that the demo tells: three workers count; at 40 % of the files the process of the
 * ensemble's leader is killed; the others carry on; it is started again and takes work again; in the
 * end all three peers tell the same totals.
 *
 * The launcher is no part of the ensemble. It knows what the workers tell, and its own clock.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { countsAreEqual, sumOf, type Counts } from './counting.ts'
import { findFreePorts } from './free-ports.ts'
import { saveList } from './input.ts'
import { grouped, percent, seconds, type LiveView } from './live-view.ts'
import type { Report, Standing } from './reports.ts'
import { WorkerProcess, type WorkerListener } from './worker-process.ts'

const host = '127.0.0.1'
const workerIds = [1, 2, 3]
/** When the leader's process is killed, as a share of the files. */
const killAtShare = 0.4
/** What a supervisor would need to notice. */
const restartAfterMs = 500

/** What the workers came to. */
export interface Outcome {
  readonly totals: Counts
  /** From the first process's start until everything was counted. */
  readonly elapsedMs: number
  /** From the kill to the next commit that was acknowledged to a survivor, if one was needed. */
  readonly failoverMs: number | undefined
}

/**
 * Has three new workers count the files. Rejects when it cannot be done, when one of them ends
 * unasked, and when `stop` aborts; no process is left behind in any case.
 */
export async function runDemo(
  files: readonly string[],
  scratch: string,
  view: LiveView,
  stop: AbortSignal,
): Promise<Outcome> {
  const listPath = join(scratch, 'files.json')
  await saveList(listPath, files)
  const ports = await findFreePorts(host, workerIds.length)
  const ensemble = workerIds.map((id, place) => ({ id, host, port: ports[place] ?? 0 }))
  view.say(`three peers on ${host}, ports ${ports.join(', ')}; their data is in ${scratch}`)

  const demo = new Demo(view, files.length)
  for (const id of workerIds) {
    const options = { id, dir: join(scratch, `peer-${id}`), ensemble, listPath }
    demo.add(new WorkerProcess(options, demo))
  }
  const onStop = (): void => demo.fail(stop.reason as Error)
  stop.addEventListener('abort', onStop, { once: true })
  try {
    return await demo.run()
  } catch (error) {
    demo.describeWorkers()
    throw error
  } finally {
    stop.removeEventListener('abort', onStop)
    await demo.end()
  }
}

type ToldTotals = Report & { readonly type: 'told-totals' }

/** What the story waits for now. */
interface Wait {
  readonly what: string
  readonly isOver: () => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface Kill {
  readonly victim: number
  readonly epoch: number
  readonly atMs: number
}

class Demo implements WorkerListener {
  readonly #view: LiveView
  readonly #fileCount: number
  readonly #workers = new Map<number, WorkerProcess>()
  /** By worker, as the peer that is furthest has applied them. */
  #totals: ReadonlyMap<string, Counts> = new Map()
  #done = 0
  #leader: number | undefined
  #epoch = 0
  #kill: Kill | undefined
  #failoverMs: number | undefined
  readonly #told = new Map<number, ToldTotals>()
  readonly #workingAgain = new Set<number>()
  #wait: Wait | undefined
  #failure: Error | undefined

  constructor(view: LiveView, fileCount: number) {
    this.#view = view
    this.#fileCount = fileCount
  }

  add(worker: WorkerProcess): void {
    this.#workers.set(worker.id, worker)
  }

  async run(): Promise<Outcome> {
    for (const worker of this.#workers.values()) worker.start()
    const share = percent(killAtShare)
    await this.#until(
      `a leader, and ${share} of the files`,
      () => this.#done >= killAtShare * this.#fileCount && this.#leaderProcess() !== undefined,
    )
    await this.#killLeader()
    await this.#until(
      'everything to be counted, and the killed peer to be back',
      () => this.#isCounted() && this.#all((worker) => worker.isReady),
    )
    const elapsedMs = this.#view.elapsedMs
    this.#view.hideProgress()
    this.#view.say(`all ${grouped(this.#done)} files are counted`)
    const late = this.#kill !== undefined && this.#workingAgain.size === 0
    if (late) this.#view.say('the killed worker was back too late to take work again')
    const totals = await this.#askTotals()
    return { totals, elapsedMs, failoverMs: this.#failoverMs }
  }

  /** Makes the story end with an error. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#check()
  }

  /** Ends all processes. */
  async end(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.end()))
  }

  /** Says how each worker stands, for whoever has to find out what went wrong. */
  describeWorkers(): void {
    for (const worker of this.#workers.values()) {
      const { id, process, standing } = worker
      if (standing === undefined) {
        this.#view.say(`worker ${id} (${process}): has told nothing since it was started`)
        continue
      }
      const { role, leader, epoch, lastApplied, session, reason } = standing
      this.#view.say(
        `worker ${id} (${process}): ${role}, leader ${leader ?? 'unknown'}, epoch ${epoch}, ` +
          `applied up to ${lastApplied}, session ${session}: ${reason}`,
      )
    }
  }

  onLost(worker: WorkerProcess, how: string): void {
    this.fail(new Error(`worker ${worker.id} ended, and nobody had asked it to: ${how}`))
  }

  onReport(worker: WorkerProcess, report: Report): void {
    const { id } = worker
    switch (report.type) {
      case 'stood':
        this.#onStood(id, report.standing)
        break
      case 'became-ready':
        this.#onReady(worker, report.lastApplied)
        break
      case 'joined':
        this.#view.say(`worker ${id} takes part, as ${report.member}`)
        break
      case 'elected':
        this.#view.say(`worker ${id} is the coordinator`)
        break
      case 'reassigned':
        this.#onReassigned(id, report)
        break
      case 'committed':
        this.#onCommitted(worker, report.epoch)
        break
      case 'session-ended':
        this.#view.say(`worker ${id} begins anew: ${report.reason}`)
        break
      case 'told-totals':
        this.#told.set(id, report)
        break
      case 'failed':
        this.fail(new Error(`worker ${id} failed: ${report.reason}`))
        break
    }
    this.#check()
  }

  #onStood(id: number, { role, epoch, totals }: Standing): void {
    if (role === 'leader' && epoch > this.#epoch) {
      this.#leader = id
      this.#epoch = epoch
      this.#view.say(`peer ${id} leads epoch ${epoch}`)
    }
    const done = sumOf(Object.values(totals)).files
    if (done > this.#done) {
      this.#done = done
      this.#totals = new Map(Object.entries(totals))
    }
    if (this.#done === 0 || this.#isCounted()) return
    const isGone = this.#kill !== undefined && this.#kill.epoch === this.#epoch
    const leader = isGone ? undefined : this.#leader
    const progress = {
      totals: this.#totals,
      fileCount: this.#fileCount,
      leader,
      epoch: this.#epoch,
    }
    this.#view.show(progress)
  }

  #onReady(worker: WorkerProcess, lastApplied: string): void {
    const caughtUp = worker.startCount === 1 ? '' : `, caught up to ${lastApplied}`
    this.#view.say(`peer ${worker.id} is ready ${seconds(worker.ageMs)} after its start${caughtUp}`)
  }

  #onReassigned(id: number, { queued, gone }: Report & { type: 'reassigned' }): void {
    const queues = queued.map(([member, count]) => `${member} ${count}`).join(', ')
    const since = gone.length === 0 ? '' : `gone: ${gone.join(', ')}; `
    this.#view.say(`coordinator ${id}: ${since}ranges to count: ${queues}`)
  }

  #onCommitted(worker: WorkerProcess, epoch: number): void {
    const kill = this.#kill
    if (kill === undefined) return
    if (worker.id === kill.victim) {
      if (this.#workingAgain.has(worker.id)) return
      this.#workingAgain.add(worker.id)
      this.#view.say(`worker ${worker.id} has committed again`)
    } else if (this.#failoverMs === undefined && epoch > kill.epoch) {
      // What the old leader had answered may be read after the kill; that is no failover.
      this.#failoverMs = performance.now() - kill.atMs
      this.#view.say(
        `failover: ${this.#failoverMs.toFixed(0)} ms from the kill to the next acknowledged commit, ` +
          `by worker ${worker.id} in epoch ${epoch}`,
      )
      this.#view.say(`the ranges of worker ${kill.victim} wait until its session has expired`)
    }
  }

  async #killLeader(): Promise<void> {
    const victim = this.#leaderProcess()
    if (victim === undefined) throw new Error('there is no leader to kill')
    const share = percent(this.#done / this.#fileCount)
    this.#view.say(
      `kill -9 of ${victim.process}: peer ${victim.id}, the leader of epoch ${this.#epoch}, with ${share} counted`,
    )
    this.#kill = { victim: victim.id, epoch: this.#epoch, atMs: performance.now() }
    await victim.kill()
    await delay(restartAfterMs)
    if (this.#failure !== undefined) throw this.#failure
    victim.start()
    this.#view.say(`peer ${victim.id} is started again, as ${victim.process}`)
  }

  /** Asks every peer for the totals. Throws unless all tell the same, from the same state. */
  async #askTotals(): Promise<Counts> {
    for (const worker of this.#workers.values()) worker.ask({ type: 'tell-totals' })
    await this.#until('all peers to tell the totals', () => this.#told.size === this.#workers.size)
    const told = [...this.#told.values()]
    const [first] = told
    if (first === undefined) throw new Error('nobody has told any totals')
    const hasSame = (other: ToldTotals): boolean =>
      countsAreEqual(other.totals, first.totals) &&
      (other.lastApplied !== first.lastApplied || other.digest === first.digest)
    if (!told.every(hasSame)) {
      const all = [...this.#told].map(([id, one]) => `peer ${id} ${JSON.stringify(one)}`)
      throw new Error(`the peers do not tell the same: ${all.join('; ')}`)
    }
    const { digest, lastApplied } = first
    this.#view.say(
      `all peers tell the same totals; digest of their state at ${lastApplied}: ${digest}`,
    )
    return first.totals
  }

  /** The process whose peer leads, if it lives. */
  #leaderProcess(): WorkerProcess | undefined {
    const process = this.#leader === undefined ? undefined : this.#workers.get(this.#leader)
    return process?.standing?.role === 'leader' ? process : undefined
  }

  #isCounted(): boolean {
    return this.#done === this.#fileCount
  }

  #all(isSo: (worker: WorkerProcess) => boolean): boolean {
    return [...this.#workers.values()].every(isSo)
  }

  /** Waits until something is so; whatever a worker reports, it is asked again. */
  async #until(what: string, isOver: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#wait = { what, isOver, resolve, reject }
      this.#check()
    })
  }

  #check(): void {
    const wait = this.#wait
    if (wait === undefined) return
    if (this.#failure !== undefined) {
      this.#wait = undefined
      const message = `${this.#failure.message} (it was waiting for ${wait.what})`
      wait.reject(new Error(message, { cause: this.#failure }))
    } else if (wait.isOver()) {
      this.#wait = undefined
      wait.resolve()
    }
  }
}
