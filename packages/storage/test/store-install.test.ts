import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { noPage, type Page } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { pooledFiles } from '../src/files.ts'
import { History } from '../src/suite-history.ts'
import { znode } from '../src/suite-replica.ts'
import { founding, liveABit, openTestStore } from './open-store.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const endOf = ({ last, crc }: Page) => ({ last, crc })

describe('a snapshot that is installed', () => {
  /** The chunks of a snapshot at the sixth page of a history, and the rest of that history. */
  async function sender() {
    const dir = temporaryDirectory()
    const { replica, pages } = await liveABit(dir)
    const { store } = await openTestStore(dir)
    const reader = await store.snapshot.openReader()
    const chunks: Uint8Array[] = []
    for (let last = false; !last;) {
      const chunk = await reader.read()
      chunks.push(chunk.bytes)
      last = chunk.last
    }
    await reader.close()
    await store.close()
    return { chunks, replica, behind: pages.slice(6) }
  }

  test('takes the place of snapshot and history, in one record of the log', async () => {
    const { chunks, replica, behind } = await sender()
    const dir = temporaryDirectory()
    const { store, add, addPages } = await openTestStore(dir)
    await addPages(...new History(1).pages(3, 50))
    const states: string[] = []
    const keep = (): void => {
      const copy = join(temporaryDirectory(), 'copy')
      cpSync(dir, copy, { recursive: true, filter: (path) => !path.endsWith('lock/LOCK') })
      states.push(copy)
    }

    const installer = await store.snapshot.beginInstall()
    for (const chunk of chunks) await installer.write(chunk)
    keep()
    const received = await installer.finish()
    keep()
    await add({ type: 'snapshot-installed', at: replica.end })
    keep()
    await addPages(...behind)
    await installer.discard()
    const changed = received
    changed.put(znode('/later'))
    changed.end = endOf(behind.at(-1) as Page)
    await store.snapshot.write(changed.freeze())
    await store.close()

    expect(readdirSync(join(dir, 'snapshot'))).toEqual(['2'])
    const again = await openTestStore(dir)
    expect(again.store.recovered.replica.summary).toStrictEqual(changed.summary)
    expect(again.store.recovered).toMatchObject({
      logStart: replica.end,
      pageEnds: behind.map(endOf),
      history: [],
      configuration: founding,
      damaged: null,
    })
    await again.store.close()

    const [receiving, finished, installed] = states as [string, string, string]
    for (const copy of [receiving, finished]) {
      const before = await openTestStore(copy)
      expect(before.store.recovered).toMatchObject({ logStart: noPage, damaged: null })
      expect(before.store.recovered.history).toHaveLength(3)
      expect(readdirSync(join(copy, 'snapshot'))).toEqual(['1'])
      await before.store.close()
    }
    const after = await openTestStore(installed)
    expect(after.store.recovered).toMatchObject({ logStart: replica.end, history: [] })
    expect(after.store.recovered.replica.summary).toStrictEqual(replica.summary)
    expect(readdirSync(join(installed, 'snapshot'))).toEqual(['2'])
    await after.store.close()
  })

  test('is found although the store closed before anybody switched', async () => {
    const { chunks, replica } = await sender()
    const dir = temporaryDirectory()
    const { store, told } = await openTestStore(dir)
    const installer = await store.snapshot.beginInstall()
    for (const chunk of chunks) await installer.write(chunk)
    await installer.finish()
    store.log.append(1, [{ type: 'snapshot-installed', at: replica.end }])
    await store.close()

    expect(told.synced).toEqual([1])
    const again = await openTestStore(dir)
    expect(again.store.recovered.replica.summary).toStrictEqual(replica.summary)
    await again.store.close()
  })

  test('that failed to be named is neither used nor thrown away before the next start', async () => {
    const { chunks, replica } = await sender()
    const dir = temporaryDirectory()
    let isFull = false
    const files = {
      ...pooledFiles,
      createLogFile: async (path: string) => {
        const file = await pooledFiles.createLogFile(path)
        return {
          ...file,
          write: (buffers: readonly Uint8Array[], position: number) =>
            isFull ? Promise.reject(new Error('ENOSPC')) : file.write(buffers, position),
        }
      },
    }
    const { store, add, told } = await openTestStore(dir, { files })
    const installer = await store.snapshot.beginInstall()
    for (const chunk of chunks) await installer.write(chunk)
    await installer.finish()
    isFull = true

    await expect(add({ type: 'snapshot-installed', at: replica.end })).rejects.toThrow('ENOSPC')
    await installer.discard()
    await store.close()

    expect(told.failures).toHaveLength(1)
    expect(readdirSync(join(dir, 'snapshot')).sort()).toEqual(['1', '2'])
    const again = await openTestStore(dir)
    expect(again.store.recovered).toMatchObject({ logStart: noPage, damaged: null })
    expect(readdirSync(join(dir, 'snapshot'))).toEqual(['1'])
    await again.store.close()
  })
})
