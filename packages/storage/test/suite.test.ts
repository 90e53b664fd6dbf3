import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { blockingFiles, pooledFiles, type Files } from '../src/files.ts'
import { createLevelSnapshot, LevelSnapshot } from '../src/level-snapshot.ts'
import { MemoryLog } from '../src/memory-log.ts'
import { MemorySnapshot } from '../src/memory-snapshot.ts'
import { pageCodec } from '../src/page-codec.ts'
import type { Snapshot } from '../src/snapshot.ts'
import { logSuite, snapshotSuite, type MapReplica } from '../src/suite.ts'
import { openWriteAheadLog } from '../src/wal/write-ahead-log.ts'
import { ManualClock } from './manual-clock.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const tools = { describe, test, expect }

/** Files that stop dead when the process that uses them is killed. */
function mortal(files: Files): { files: Files; die: () => void } {
  let isDead = false
  const orNever = async <R>(work: () => Promise<R>): Promise<R> => {
    const result = isDead ? await new Promise<R>(() => undefined) : await work()
    return isDead ? await new Promise<R>(() => undefined) : result
  }
  const open = async (opening: ReturnType<Files['openLogFile']>) => {
    const file = await opening
    onTestFinished(() => file.close().catch(() => undefined))
    return {
      ...file,
      write: (buffers: readonly Uint8Array[], position: number) =>
        orNever(() => file.write(buffers, position)),
      close: () => orNever(() => file.close()),
    }
  }
  return {
    files: {
      ...files,
      createLogFile: (path) => orNever(() => open(files.createLogFile(path))),
      openLogFile: (path) => orNever(() => open(files.openLogFile(path))),
      remove: (path) => orNever(() => files.remove(path)),
    },
    die: () => {
      isDead = true
    },
  }
}

for (const [name, kind] of [
  ['pooled', pooledFiles],
  ['blocking', blockingFiles],
] as const) {
  logSuite(
    `write-ahead log, ${name} files`,
    async () => {
      const directory = join(temporaryDirectory(), 'log')
      let process = mortal(kind)
      return {
        open: (listener) => {
          process = mortal(kind)
          return openWriteAheadLog({
            directory,
            peerId: 1,
            codec: pageCodec,
            listener,
            clock: new ManualClock(),
            files: process.files,
            limits: { segmentBytes: 1_000 },
          })
        },
        crash: async () => process.die(),
      }
    },
    tools,
  )
}

logSuite(
  'memory log',
  async () => {
    const medium = new MemoryLog()
    return { open: async (listener) => medium.open(listener), crash: async () => medium.crash() }
  },
  tools,
)

snapshotSuite(
  'level snapshot',
  async (createSink) => {
    const directory = join(temporaryDirectory(), 'snapshot')
    await createLevelSnapshot(directory)
    let opened: Snapshot<MapReplica> | undefined
    return {
      open: async () => (opened = await LevelSnapshot.open({ directory, name: '1', createSink })),
      // Nothing of it is in this process but the lock: closing it is as good as being killed.
      crash: async () => opened?.close(),
    }
  },
  tools,
)

snapshotSuite(
  'memory snapshot',
  async (createSink) => {
    const medium = new MemorySnapshot(createSink)
    return { open: async () => medium.open(), crash: async () => medium.crash() }
  },
  tools,
)
