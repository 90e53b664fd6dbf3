import { makeZxid, Replica, type CoordinationError, type Event } from '@conclave/core/internal'
import { DamageError, type Snapshot } from '@conclave/storage'
import { expect, test } from 'vitest'
import { SnapshotTransfers } from '../src/snapshot-transfers.ts'

const at = { last: makeZxid(3, 7), crc: 5 }
const bytes = new Uint8Array([1])

/** A snapshot of three chunks; what is done to it is noted, and can be made to fail. */
class NotedSnapshot {
  readonly notes: string[] = []
  readonly events: Event[] = []
  fails: string | undefined
  readonly damages: CoordinationError[] = []
  isDamaged = false
  readonly transfers = new SnapshotTransfers(
    this.#snapshot(),
    (event) => this.events.push(event),
    (error) => this.damages.push(error),
  )

  /** Waits until everything that was asked for is done. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
  }

  async #do(note: string): Promise<void> {
    this.notes.push(note)
    if (this.fails !== note) return
    throw this.isDamaged ? new DamageError(`${note} failed`) : new Error(`${note} failed`)
  }

  #snapshot(): Snapshot<Replica> {
    const note = (what: string): Promise<void> => this.#do(what)
    let chunks = 0
    return {
      load: async () => null,
      write: () => note('checkpoint'),
      openReader: async () => {
        await note('open')
        return {
          summary: {
            end: at,
            digest: '',
            znodeCount: 1,
            sessionCount: 0,
            configuration: null,
          },
          read: async () => {
            chunks += 1
            await note(`read ${String(chunks)}`)
            return { bytes, last: chunks === 3 }
          },
          close: () => note('close'),
        }
      },
      beginInstall: async () => {
        await note('begin')
        return {
          write: () => note('write'),
          finish: async () => {
            await note('finish')
            return Replica.empty()
          },
          discard: () => note('discard'),
        }
      },
      close: async () => undefined,
    }
  }
}

test('an outgoing transfer is read in order, chunk by numbered chunk, and freed at the end', async () => {
  const noted = new NotedSnapshot()

  noted.transfers.open(1)
  for (let chunk = 0; chunk < 3; chunk += 1) noted.transfers.read(1)
  await noted.settle()
  noted.transfers.close(1)
  await noted.settle()

  expect(noted.events).toEqual([
    { type: 'snapshot-opened', transfer: 1, at },
    { type: 'snapshot-read', transfer: 1, number: 0, bytes, last: false },
    { type: 'snapshot-read', transfer: 1, number: 1, bytes, last: false },
    { type: 'snapshot-read', transfer: 1, number: 2, bytes, last: true },
  ])
  expect(noted.notes).toEqual(['open', 'read 1', 'read 2', 'read 3', 'close'])
})

test('an incoming transfer answers each chunk, and the last one with what was verified', async () => {
  const noted = new NotedSnapshot()

  noted.transfers.write(2, 0, bytes, false)
  noted.transfers.write(2, 1, bytes, true)
  await noted.settle()

  expect(noted.notes).toEqual(['begin', 'write', 'write', 'finish'])
  expect(noted.events).toMatchObject([
    { type: 'snapshot-written', transfer: 2, number: 0 },
    { type: 'snapshot-received', transfer: 2 },
  ])
})

test('a transfer that fails says so once, and is thrown away', async () => {
  const noted = new NotedSnapshot()
  noted.fails = 'write'

  noted.transfers.write(2, 0, bytes, false)
  noted.transfers.write(2, 1, bytes, false)
  await noted.settle()
  noted.transfers.write(2, 2, bytes, true)
  noted.transfers.read(2)
  await noted.settle()

  expect(noted.events).toEqual([{ type: 'snapshot-failed', transfer: 2, reason: 'write failed' }])
  expect(noted.damages).toEqual([])
  expect(noted.notes).toEqual(['begin', 'write', 'discard'])
})

test.each(['open', 'read 2'])(
  'Z19: a snapshot in use that is damaged is told: %s',
  async (fails) => {
    const noted = new NotedSnapshot()
    noted.fails = fails
    noted.isDamaged = true

    noted.transfers.open(1)
    noted.transfers.read(1)
    noted.transfers.read(1)
    await noted.settle()

    expect(noted.damages).toMatchObject([{ code: 'STORAGE_FAILED' }])
  },
)

test('one that cannot be read at the moment only ends the transfer', async () => {
  const noted = new NotedSnapshot()
  noted.fails = 'read 1'

  noted.transfers.open(1)
  noted.transfers.read(1)
  await noted.settle()

  expect(noted.damages).toEqual([])
  expect(noted.events.at(-1)).toMatchObject({ type: 'snapshot-failed', transfer: 1 })
})

test('a transfer that is given up answers nothing more', async () => {
  const noted = new NotedSnapshot()

  noted.transfers.open(1)
  noted.transfers.read(1)
  noted.transfers.close(1)
  await noted.settle()
  noted.transfers.close(1)

  expect(noted.events).toEqual([])
})

test('closing waits for what is being freed already', async () => {
  const noted = new NotedSnapshot()
  noted.transfers.open(1)
  await noted.settle()
  noted.transfers.read(1)
  noted.transfers.close(1)

  await noted.transfers.closeAll()

  expect(noted.notes.at(-1)).toBe('close')
})

test('what cannot be freed is left to the next start, and breaks nothing', async () => {
  const noted = new NotedSnapshot()
  noted.fails = 'close'
  noted.transfers.open(1)
  await noted.settle()

  await expect(noted.transfers.closeAll()).resolves.toBeUndefined()
  expect(noted.notes).toEqual(['open', 'close'])
})
