/** All states of a recording that differ: each image once, with every moment at which it can come. */
import { behind, nothingTold, type Expectation } from './judge.ts'
import { crashImages, type Model } from './models.ts'
import type { Content, Image, Operation, Recording } from './operations.ts'
import { keyOf, Volume } from './volume.ts'

/** A moment of a life, and a model under which the image can be left there. */
export interface Occasion {
  readonly model: Model
  /** How many operations were complete. */
  readonly moment: number
  readonly expected: Expectation
}

export interface State {
  readonly image: Image
  /** One for each model and each thing to expect. */
  readonly occasions: Occasion[]
}

export interface StatesOptions {
  readonly models: readonly Model[]
  /** Looks at one moment of so many. */
  readonly every?: number
}

/** One image at one moment, under one model. */
export interface Visit extends Occasion {
  readonly key: string
  readonly image: Image
}

/** Every image at every moment, in order, with repetitions, but none twice for the same to expect. */
export function* visitsOf(
  { operations }: Recording,
  { models, every = 1 }: StatesOptions,
): Generator<Visit> {
  const known = new Set<string>()
  const volumes = { journal: new Volume('journal'), posix: new Volume('directory') }
  let expected = nothingTold
  let facts = 0
  for (let moment = 0; moment <= operations.length; moment += 1) {
    const before = operations[moment - 1]
    if (before !== undefined) {
      volumes.journal.apply(before)
      volumes.posix.apply(before)
      if (before.type === 'fact') {
        expected = behind(expected, before.fact)
        facts += 1
      }
    }
    if (moment % every !== 0 && !isTelling(before)) continue
    for (const model of models) {
      for (const made of crashImages(model, volumes, operations[moment])) {
        const image = withoutTalk(made)
        const key = keyOf(image)
        const occasion = `${key} ${model} ${String(facts)}`
        if (known.has(occasion)) continue
        known.add(occasion)
        yield { key, image, model, moment, expected }
      }
    }
  }
}

/** The states of a recording. */
export function statesOf(recording: Recording, options: StatesOptions): readonly State[] {
  const found = new Map<string, State>()
  for (const { key, image, ...occasion } of visitsOf(recording, options)) {
    const state = found.get(key) ?? { image, occasions: [] }
    found.set(key, state)
    state.occasions.push(occasion)
  }
  return [...found.values()]
}

/** An acknowledgement: what comes just behind it must never be left out. */
function isTelling(operation: Operation | undefined): boolean {
  return operation?.type === 'fact' && operation.fact.type !== 'chapter'
}

const nothing: Content = { id: 'nothing', changes: [] }

/** Without what is written for people, and by no program ever read again. */
function withoutTalk(image: Image): Image {
  return new Map(
    [...image].map(([path, content]) => {
      const isTalk = /\/(LOG|LOG\.old|holder\.json)$/.test(path)
      return [path, isTalk && content !== null ? nothing : content]
    }),
  )
}
