/** Requests on their way to the leader: what can be forwarded can be read, be it right or wrong. */
import { makeZxid, type Message, type SessionId, type WriteRequest } from '@conclave/core/internal'
import { expect, test } from 'vitest'
import { Codec } from '../src/codec.ts'
import { FrameSplitter } from '../src/frame.ts'
import { defaultTransportLimits } from '../src/limits.ts'
import { parseSamplePage } from '../src/suite.ts'

function carryData(messages: readonly Message[]): Message[] {
  const codec = new Codec({ limits: defaultTransportLimits, parsePage: parseSamplePage })
  const splitter = new FrameSplitter({ control: defaultTransportLimits.maxControlBytes })
  splitter.push(new Uint8Array(Buffer.concat(codec.encodeData(messages))))
  const carried: Message[] = []
  for (let frame = splitter.next(); frame !== null; frame = splitter.next()) {
    carried.push(...codec.decodeData(frame))
  }
  return carried
}

test('requests with many identities and entries are spread over frames that can be read', () => {
  const identities = Array.from({ length: 64 }, (_, index) => {
    return { scheme: 'digest', id: `user${String(index)}:hash` }
  })
  const acl = identities.map((one) => ({ permissions: -1, ...one }))
  const request: WriteRequest = { type: 'set-acl', path: '/a', acl, version: -1 }
  const requests = Array.from({ length: 3_000 }, (_, index) => {
    const sender = { session: 1 as SessionId, hostedSince: makeZxid(1, 1), identities }
    return { ...sender, requestId: index + 1, request }
  })

  const carried = carryData([{ type: 'requests', requests }])

  const ids = carried.flatMap((one) => (one.type === 'requests' ? one.requests : []))
  expect(ids.map(({ requestId }) => requestId)).toEqual(requests.map((one) => one.requestId))
  expect(ids[0]).toEqual(requests[0])
})

test('what nobody grants arrives as it was asked: the leader refuses it', () => {
  const entry = { permissions: -1, scheme: 'x'.repeat(1_000), id: 'x'.repeat(60_000) }
  const create = { type: 'create', path: '/a', data: null, sequential: false } as const
  const request: WriteRequest = { ...create, mode: { ttlMs: -1 }, acl: [entry], parents: false }
  const sender = { session: 1 as SessionId, hostedSince: makeZxid(1, 1), identities: [] }
  const message: Message = { type: 'requests', requests: [{ ...sender, requestId: 1, request }] }

  expect(carryData([message])).toEqual([message])
})
