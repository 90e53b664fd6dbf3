/**
 * The lives that are recorded. Each is a sequence of processes; the next one opens what the one
 * before it left, whether it closed its store or was killed.
 */
import { StoreLife, type LifeOptions } from './store-life.ts'

/** Ends without a word, as `kill -9` does. */
const killed = (): never => {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('killed')
}

const founding = {
  ensembleId: 4711,
  version: 1,
  members: [{ id: 1, role: 'voter' as const }],
}

type Process = (options: LifeOptions) => Promise<void>

/** A peer from a directory that is not there, through all that a log and a snapshot can do. */
const usual: readonly Process[] = [
  async (options) => {
    const life = await StoreLife.open(options)
    life.chapter('founding')
    await life.join(1)
    await life.append({ type: 'configuration', configuration: founding })
    life.chapter('pages')
    await life.pages(3)
    life.chapter('group commit')
    await life.pages(9, 120)
    life.chapter('checkpoint')
    await life.checkpoint(12)
    life.chapter('pages')
    await life.pages(4)
    life.chapter('truncate')
    await life.truncate(2)
    life.chapter('epochs')
    await life.join(2)
    life.chapter('a truncated configuration')
    await life.pages(1)
    await life.append({
      type: 'configuration',
      configuration: { ...founding, version: 2 },
    })
    await life.truncate(1)
    life.chapter('mark')
    await new Promise((resolve) => setTimeout(resolve, 60))
    life.chapter('pages and a checkpoint at once')
    await Promise.all([life.checkpoint(20), life.pages(5)])
    life.chapter('purge')
    life.purge()
    await life.pages(2)
    await life.close()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    life.chapter('pages')
    await life.pages(2)
    life.chapter('SNAP that comes to nothing')
    await life.receive(15, false)
    life.chapter('SNAP')
    await Promise.all([life.receive(40, true)])
    life.chapter('pages')
    await life.join(3)
    await life.pages(6, 200)
    life.chapter('checkpoint')
    await life.checkpoint(10)
    life.chapter('purge')
    life.purge()
    await life.pages(3)
    life.chapter('killed in the middle of appends')
    await life.pages(2)
    const underway = life.pages(6, 150)
    await Promise.race([underway, new Promise((resolve) => setTimeout(resolve, 0))])
    killed()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    life.chapter('pages')
    await life.pages(2)
    life.chapter('checkpoint')
    await life.checkpoint(30)
    await life.close()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    life.chapter('checkpoint')
    await life.pages(1)
    await life.checkpoint(5)
    life.chapter('killed in the middle of a checkpoint')
    await life.pages(1)
    const underway = life.checkpoint(900, 10)
    await Promise.race([underway, new Promise((resolve) => setTimeout(resolve, 1))])
    killed()
  },
  // LevelDB merges its tables once it has four: a restart makes one each.
  async (options) => {
    const life = await StoreLife.open(options)
    await life.pages(1)
    await life.checkpoint(8)
    await life.close()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    await life.join(1)
    await life.checkpoint(3)
    life.purge()
    await life.close()
  },
]

/** Checkpoints so large that LevelDB goes on in a new log of its own, and writes tables. */
const large: readonly Process[] = [
  async (options) => {
    const life = await StoreLife.open(options)
    await life.join(1)
    await life.append({ type: 'configuration', configuration: founding })
    life.chapter('large checkpoints')
    for (let round = 0; round < 3; round += 1) {
      await life.pages(1)
      await life.checkpoint(2, 800_000)
    }
    life.purge()
    await life.close()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    await life.pages(1)
    await life.checkpoint(2, 800_000)
    await life.close()
  },
]

/** As little as has one of everything: for what is done to each byte of it. */
const small: readonly Process[] = [
  async (options) => {
    const life = await StoreLife.open(options)
    await life.join(1)
    await life.append({ type: 'configuration', configuration: founding })
    await life.pages(2, 8)
    await life.truncate(1)
    await life.checkpoint(2, 8)
    await life.receive(1, true)
    await life.join(1)
    await life.pages(1, 8)
    await life.close()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    await life.checkpoint(2, 8)
    life.purge()
    await life.pages(1, 8)
    await life.close()
  },
  async (options) => {
    const life = await StoreLife.open(options)
    await life.pages(1, 8)
    await life.checkpoint(1, 8)
    await life.pages(1, 8)
    await life.close()
  },
]

export const lives: Readonly<Record<string, readonly Process[]>> = { usual, large, small }
