/** Bytes that no client sends: what real ones did send, changed, cut and mixed, and mere chance. */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { WireClient } from './wire-client.ts'
import { create, get, served, sync } from './wire-requests.ts'

/** The frames that the Java client and kazoo sent behind their handshakes, with their lengths. */
function recordedFrames(): Buffer[] {
  const folder = new URL('../../zookeeper/test/traffic/', import.meta.url)
  const lines = ['java', 'kazoo', 'node'].flatMap((client) =>
    readFileSync(new URL(`${client}.txt`, folder), 'utf8')
      .trim()
      .split('\n'),
  )
  return lines
    .map((line) => line.split(' '))
    .filter(([, side]) => side === 'client')
    .map(([, , hex = '']) => {
      const payload = Buffer.from(hex, 'hex')
      const length = Buffer.alloc(4)
      length.writeInt32BE(payload.length)
      return Buffer.concat([length, payload])
    })
}

const frames = recordedFrames()
const change = fc.record({ at: fc.nat(), byte: fc.nat(255), isInLength: fc.boolean() })
const mutant = fc
  .record({
    frame: fc.nat(frames.length - 1),
    changes: fc.array(change, { maxLength: 3 }),
    cut: fc.option(fc.nat(), { nil: null, freq: 5 }),
  })
  .map(({ frame, changes, cut }) => {
    const bytes = Buffer.from(frames[frame]!)
    for (const { at, byte, isInLength } of changes) {
      // The length is left alone mostly, or hardly anything would come behind it.
      const from = isInLength && at % 16 === 0 ? 0 : Math.min(4, bytes.length - 1)
      bytes[from + (at % (bytes.length - from))] = byte
    }
    return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1))
  })
const anything = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes))

test(
  'whatever a connection brings, the peer and the other connections go on',
  { timeout: 60_000 },
  async () => {
    const { peer, port } = await served({ maxClientCnxns: 0 })
    const failures: Error[] = []
    peer.on('failed', (error) => failures.push(error))
    const { client: witness } = await WireClient.open(port)
    await create(witness, '/witness')

    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(fc.oneof({ arbitrary: mutant, weight: 9 }, anything), {
          minLength: 1,
          maxLength: 12,
        }),
        async (greets, pieces) => {
          const client = await WireClient.reach(port)
          if (greets) await client.greet()
          client.sendBytes(Buffer.concat(pieces))
          await sync(witness)
          client.destroy()
          await client.closed

          expect((await get(witness, '/witness')).error).toBe(0)
          expect(failures).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
    expect(peer.status()).toMatchObject({ ready: true })
  },
)
