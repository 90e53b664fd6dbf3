/** Opens every state of a recording, and compares what is found with what was acknowledged. */
import { judge } from './judge.ts'
import { models, type Model } from './models.ts'
import type { Recording } from './operations.ts'
import { peerPath } from './record.ts'
import type { Readers } from './readers.ts'
import { statesOf, type StatesOptions } from './states.ts'

export interface Finding {
  readonly model: Model
  readonly moment: number
  readonly chapter: string
  readonly wrong: string
  /** What the directory held, for whoever looks into it. */
  readonly files: string
}

export interface Report {
  readonly stateCount: number
  /** How many states differ under each model, and in each chapter of the life. */
  readonly byModel: ReadonlyMap<string, number>
  readonly byChapter: ReadonlyMap<string, number>
  /** States that LevelDB does not survive, and that are called damaged. */
  readonly damaged: ReadonlyMap<string, number>
  readonly findings: readonly Finding[]
}

/**
 * True where LevelDB does not survive what the model allows (ADR 0011): then the store has to say so.
 * No file system is known to reorder two changes of one directory.
 */
function damageMayBeSaid(model: Model): boolean {
  return model === 'unordered'
}

export async function checkStates(
  recording: Recording,
  options: StatesOptions,
  readers: Readers,
): Promise<Report> {
  const states = statesOf(recording, options)
  const byModel = new Map<string, number>(models.map((model) => [model, 0]))
  const byChapter = new Map<string, number>()
  const findings: Finding[] = []
  const damaged = new Map<string, number>()
  const check = async ({ image, occasions }: (typeof states)[number]): Promise<void> => {
    const found = await readers.read(image, peerPath)
    const named = new Set<Model>()
    for (const { model, moment, expected } of occasions) {
      if (named.has(model)) continue
      const wrong = judge(expected, found, { orDamage: damageMayBeSaid(model) })
      if (wrong === null) continue
      named.add(model)
      const files = [...image].map(([path, content]) => `${path} ${content?.id ?? ''}`)
      findings.push({ model, moment, chapter: expected.chapter, wrong, files: files.join(', ') })
    }
    if (found.type !== 'opened' || found.log.damaged === null || named.size > 0) return
    add(damaged, [...new Set(occasions.map(({ model }) => model))].join(' and '))
  }
  for (const { occasions } of states) {
    for (const model of new Set(occasions.map((one) => one.model))) add(byModel, model)
    const chapters = new Set(occasions.map(({ expected }) => expected.chapter))
    for (const chapter of chapters) add(byChapter, chapter)
  }
  await Promise.all(states.map(check))
  return { stateCount: states.length, byModel, byChapter, damaged, findings }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
