import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CoordinationError, noPage, type Page } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { pooledFiles } from '../src/files.ts'
import { History } from '../src/suite-history.ts'
import { MapReplica } from '../src/suite-replica.ts'
import { founding, liveABit, openTestStore } from './open-store.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const endOf = ({ last, crc }: Page) => ({ last, crc })

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 0x04
  writeFileSync(path, bytes)
}

function damagedIn(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.startsWith('damaged-'))
}

async function codeOf(result: Promise<unknown>): Promise<string> {
  const error: unknown = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CoordinationError)
  return (error as CoordinationError).code
}

describe('store', () => {
  test('a new store is empty', async () => {
    const dir = join(temporaryDirectory(), 'peer')
    const { store } = await openTestStore(dir)

    expect(store.recovered).toEqual({
      acceptedEpoch: 0,
      acceptedLeader: 0,
      currentEpoch: 0,
      ensembleId: 0,
      configuration: null,
      replica: new MapReplica(),
      logStart: noPage,
      pageEnds: [],
      pageBytes: 0,
      history: [],
      damaged: null,
    })
    await Promise.all([store.close(), store.close()])
    expect(readdirSync(dir).sort()).toEqual(['conclave.json', 'lock', 'log', 'snapshot'])
  })

  test('a restart finds the snapshot, and the pages behind it as history', async () => {
    const dir = temporaryDirectory()
    const { pages, replica } = await liveABit(dir)

    const { store } = await openTestStore(dir)

    const { recovered } = store
    expect(recovered).toMatchObject({
      acceptedEpoch: 1,
      acceptedLeader: 1,
      currentEpoch: 1,
      ensembleId: 4711,
      configuration: founding,
      logStart: noPage,
      damaged: null,
    })
    expect(recovered.replica.summary).toStrictEqual(replica.summary)
    expect(recovered.pageEnds).toEqual(pages.map(endOf))
    expect(recovered.history).toStrictEqual(pages.slice(6))
    await store.close()
  })

  test('the directory learns which ensemble it belongs to', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)

    const identity = JSON.parse(readFileSync(join(dir, 'conclave.json'), 'utf8')) as unknown
    expect(identity).toEqual({ formatVersion: 1, peerId: 1, ensembleId: 4711 })
    expect(await codeOf(openTestStore(dir, { ensembleId: 4712 }))).toBe('DIR_FOREIGN')
    expect(await codeOf(openTestStore(dir, { peerId: 2 }))).toBe('DIR_FOREIGN')
    await (await openTestStore(dir, { ensembleId: 4711 })).store.close()
  })

  test('what the system refuses is STORAGE_FAILED, and nothing is set aside', async () => {
    const dir = temporaryDirectory()
    writeFileSync(join(dir, 'file'), '')
    expect(await codeOf(openTestStore(join(dir, 'file')))).toBe('STORAGE_FAILED')

    await liveABit(join(dir, 'peer'))
    const full = { ...pooledFiles, openLogFile: () => Promise.reject(new Error('ENOSPC')) }
    expect(await codeOf(openTestStore(join(dir, 'peer'), { files: full }))).toBe('STORAGE_FAILED')
    expect(damagedIn(join(dir, 'peer'))).toEqual([])
    const { store } = await openTestStore(join(dir, 'peer'))
    expect(store.recovered.history).toHaveLength(4)
    await store.close()
  })
})

describe('damage', () => {
  test('Z19: in the log sets everything aside, and is told until it is healed', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    flip(join(dir, 'log', '0000000001.log'), 300)

    const { store } = await openTestStore(dir)

    expect(store.recovered).toMatchObject({ acceptedEpoch: 0, pageEnds: [], history: [] })
    expect(store.recovered).toMatchObject({ ensembleId: 4711, configuration: null })
    expect(store.recovered.damaged).toMatch(/segment 1, offset/)
    const [damaged] = damagedIn(dir) as [string]
    expect(damaged).toBe('damaged-2026-01-02T03-04-05.000Z')
    expect(readdirSync(join(dir, damaged)).sort()).toEqual(['log', 'reason.txt', 'snapshot'])
    expect(readFileSync(join(dir, damaged, 'reason.txt'), 'utf8')).toMatch(/segment 1, offset/)
    await store.close()

    const again = await openTestStore(dir)
    expect(again.store.recovered.damaged).toBe(store.recovered.damaged)
    expect(again.store.recovered.ensembleId).toBe(4711)
    await again.add({ type: 'damage-healed' })
    await again.store.close()
    const healed = await openTestStore(dir)
    expect(healed.store.recovered.damaged).toBeNull()
    await healed.store.close()
  })

  test('only the last one that was set aside is kept', async () => {
    const dir = temporaryDirectory()
    const kept: string[] = []
    for (let round = 0; round < 3; round += 1) {
      const { store, add, addPages } = await openTestStore(dir)
      const history = new History()
      await add({ type: 'damage-healed' })
      await addPages(history.page())
      await addPages(history.page())
      await store.close()
      flip(join(dir, 'log', '0000000001.log'), 60)
      await (await openTestStore(dir)).store.close()
      expect(damagedIn(dir)).toHaveLength(1)
      kept.push(...damagedIn(dir))
      expect(existsSync(join(dir, kept.at(-1) as string, 'log', '0000000001.log'))).toBe(true)
    }
    expect(new Set(kept).size).toBeGreaterThan(1)
  })

  test('what somebody moved back, and is damaged still, is set aside once more', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    flip(join(dir, 'log', '0000000001.log'), 300)
    await (await openTestStore(dir)).store.close()
    const [kept] = damagedIn(dir) as [string]
    for (const part of ['log', 'snapshot']) {
      rmSync(join(dir, part), { recursive: true })
      renameSync(join(dir, kept, part), join(dir, part))
    }

    await (await openTestStore(dir)).store.close()

    const [again] = damagedIn(dir) as [string]
    expect(statSync(join(dir, again, 'log', '0000000001.log')).size).toBeGreaterThan(1000)
  })

  test('that it is healed is told once the directory knows', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    flip(join(dir, 'log', '0000000001.log'), 300)
    const { store, add } = await openTestStore(dir)
    const noted = (): unknown => JSON.parse(readFileSync(join(dir, 'conclave.json'), 'utf8'))
    expect(noted()).toMatchObject({ unhealed: true })

    await add({ type: 'damage-healed' })

    expect(noted()).not.toHaveProperty('unhealed')
    await store.close()
  })

  test('one that is damaged before it was healed never takes the place of what it replaced', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    flip(join(dir, 'log', '0000000001.log'), 300)
    const first = await openTestStore(dir)
    await first.addPages(new History().page())
    await first.store.close()
    const kept = damagedIn(dir)
    flip(join(dir, 'log', '0000000001.log'), 60)

    const second = await openTestStore(dir)

    expect(damagedIn(dir)).toEqual(kept)
    expect(statSync(join(dir, kept[0]!, 'log', '0000000001.log')).size).toBeGreaterThan(1000)
    expect(second.store.recovered).toMatchObject({ ensembleId: 4711, pageEnds: [] })
    expect(second.store.recovered.damaged).not.toBe(first.store.recovered.damaged)
    await second.store.close()
  })

  test('ZOOKEEPER-2325: a snapshot that is missing is not an empty one', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    for (const part of ['snapshot/1', 'snapshot']) {
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(dir, copy, { recursive: true })
      rmSync(join(copy, part), { recursive: true })
      const { store } = await openTestStore(copy)
      expect(store.recovered.damaged).toMatch(/LevelDB/)
      await store.close()
    }
  })

  test('a log that is missing is not a new one, once the ensemble is known', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    rmSync(join(dir, 'log'), { recursive: true })

    const { store } = await openTestStore(dir)

    expect(store.recovered.damaged).toMatch(/there is no log/)
    await store.close()
  })

  test('Z17: a log that ends below the snapshot is damage', async () => {
    const dir = temporaryDirectory()
    const early = join(temporaryDirectory(), 'early')
    const { store, addPages } = await openTestStore(dir)
    const history = new History()
    await addPages(history.page())
    cpSync(join(dir, 'log'), early, { recursive: true })
    const last = history.page()
    await addPages(last)
    const replica = new MapReplica()
    replica.end = endOf(last)
    await store.snapshot.write(replica.freeze())
    await store.close()
    rmSync(join(dir, 'log'), { recursive: true })
    cpSync(early, join(dir, 'log'), { recursive: true })

    const again = await openTestStore(dir)

    expect(again.store.recovered.damaged).toMatch(/stands at 1:2, but the log ends at 1:1/)
    await again.store.close()
  })

  test('a snapshot of another history is damage', async () => {
    const dir = temporaryDirectory()
    const { store, addPages } = await openTestStore(dir)
    const page = new History().page()
    await addPages(page)
    const replica = new MapReplica()
    replica.end = { last: page.last, crc: page.crc ^ 1 }
    await store.snapshot.write(replica.freeze())
    await store.close()

    const again = await openTestStore(dir)
    expect(again.store.recovered.damaged).toMatch(/not in the history/)
    await again.store.close()
  })

  test('whatever is flipped in the snapshot, a store whose log was purged is never wrong', async () => {
    const dir = temporaryDirectory()
    const limits = { segmentBytes: 200 }
    const { replica } = await liveABit(dir, { limits })
    const { store } = await openTestStore(dir, { limits })
    store.log.purge(replica.end.last)
    await store.close()
    const inUse = join(dir, 'snapshot', '1')
    const sizes = readdirSync(inUse).map(
      (name) => [statSync(join(inUse, name)).size, name] as const,
    )
    const [size, table] = sizes.sort((a, b) => b[0] - a[0])[0] as [number, string]
    let damaged = 0

    for (let at = 5; at < size; at += Math.floor(size / 8)) {
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(dir, copy, { recursive: true })
      flip(join(copy, 'snapshot', '1', table), at)
      const { store: found } = await openTestStore(copy)
      const { recovered } = found
      if (recovered.damaged === null) {
        expect(recovered.replica.summary).toStrictEqual(replica.summary)
      } else damaged += 1
      await found.close()
    }

    expect(damaged).toBeGreaterThan(3)
  }, 20_000)

  test('a crash while damage is set aside leaves what the next start finishes', async () => {
    const dir = temporaryDirectory()
    await liveABit(dir)
    const settingAside = { reason: 'a flipped bit', to: 'damaged-x' }
    const identity = { formatVersion: 1, peerId: 1, ensembleId: 4711, settingAside }
    const moved = (copy: string, part: string): void => {
      cpSync(join(copy, part), join(copy, 'damaged-x', part), { recursive: true })
      rmSync(join(copy, part), { recursive: true })
    }
    const remade = async (copy: string, part: string): Promise<void> => {
      const other = join(temporaryDirectory(), 'other')
      await (await openTestStore(other)).store.close()
      cpSync(join(other, part), join(copy, part), { recursive: true })
    }
    const stages: ((copy: string) => void | Promise<void>)[] = [
      () => undefined,
      (copy) => moved(copy, 'log'),
      (copy) => moved(copy, 'snapshot'),
      (copy) => remade(copy, 'snapshot'),
      (copy) => remade(copy, 'log'),
    ]
    for (let count = 1; count <= stages.length; count += 1) {
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(dir, copy, { recursive: true })
      writeFileSync(join(copy, 'conclave.json'), JSON.stringify(identity))
      for (const stage of stages.slice(0, count)) await stage(copy)

      const { store } = await openTestStore(copy)

      expect(store.recovered).toMatchObject({ damaged: 'a flipped bit', pageEnds: [] })
      await store.close()
      const log = join(copy, 'damaged-x', 'log', '0000000001.log')
      expect(statSync(log).size).toBeGreaterThan(1000)
      expect(readdirSync(join(copy, 'damaged-x', 'snapshot'))).toEqual(['1'])
      expect(readFileSync(join(copy, 'conclave.json'), 'utf8')).not.toContain('settingAside')
    }
  })
})
