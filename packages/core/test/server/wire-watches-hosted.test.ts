/** Watches of ZooKeeper's clients, as the host of their sessions keeps and tells them. */
import { expect, test } from 'vitest'
import { permissions, type SessionId } from '../../src/internal.ts'
import type { WireWatchesEvent } from '../../src/server/hosting.ts'
import { close, create, remove, set } from './requests.ts'
import { TestPeers, wordsOf } from './test-peers.ts'

function hosted(limits = {}): {
  readonly peers: TestPeers
  readonly session: SessionId
  readonly watch: (path: string, mode: 'data' | 'child' | 'persistent' | 'recursive') => void
  readonly handle: (event: WireWatchesEvent) => void
  readonly told: () => string[]
} {
  const peers = new TestPeers(3, limits)
  peers.elect(1)
  const session = peers.session(2)
  const host = peers.peer(2)
  const handle = (event: WireWatchesEvent): void => host.server.handle(event)
  return {
    peers,
    session,
    handle,
    watch: (path, mode) => handle({ type: 'wire-watch-added', session, path, mode }),
    told: () => {
      peers.collect(host)
      return wordsOf(host.toldTo(session))
    },
  }
}

test('W4, W5: a client hears of its own change before the reply, and once', () => {
  const { peers, session, watch, told } = hosted()
  const host = peers.peer(2)
  watch('/a', 'data')
  watch('/', 'child')
  watch('/', 'recursive')
  host.request(session, 10, create('/a'))
  host.request(session, 11, set('/a'))
  host.request(session, 12, remove('/a'))
  peers.settle()

  expect(told()).toEqual([
    'wire created /a',
    'wire children-changed /',
    '10 create',
    'wire changed /a',
    '11 set',
    'wire deleted /a',
    '12 delete',
  ])
  expect(host.toldTo(session)[0]).toMatchObject({ zxid: peers.at(2) })
})

test('what may not be read is not told, and a standard watch is used up by it', () => {
  const { peers, session, watch, told } = hosted()
  const other = peers.session(1)
  const acl = [{ permissions: permissions.write, scheme: 'world', id: 'anyone' }]
  peers.peer(1).request(other, 10, create('/secret', { acl }))
  peers.settle()
  watch('/secret', 'data')
  watch('/secret', 'child')
  watch('/', 'child')
  peers.peer(1).request(other, 11, set('/secret'))
  peers.peer(1).request(other, 12, remove('/secret'))
  peers.settle()

  expect(told()).toEqual(['wire children-changed /'])
  expect(peers.peer(2).toldTo(session)).toHaveLength(1)
})

test('what was missed is told before the answer to who is back', () => {
  const { peers, session, handle, told } = hosted()
  const after = peers.at(1)
  peers.peer(2).request(session, 10, create('/a'))
  peers.settle()
  const lists = { data: ['/gone'], exist: ['/a', '/b'], child: ['/'], persistent: [] }
  const restoration = { after, ...lists, recursive: ['/b'] }
  handle({ type: 'wire-watches-restored', session, call: 11, restoration })
  peers.peer(2).request(session, 12, create('/b'))
  peers.settle()

  expect(told()).toEqual([
    '10 create',
    'wire deleted /gone missed',
    'wire created /a missed',
    'wire children-changed / missed',
    '11 wire watches true',
    'wire created /b',
    '12 create',
  ])
})

test('watches are asked for and taken back by their type', () => {
  const { session, watch, handle, told } = hosted()
  const ask = (call: number, watches: 'data' | 'child', removes: boolean): void =>
    handle({ type: 'wire-watches-asked', session, call, path: '/a', watches, removes })
  watch('/a', 'data')
  ask(1, 'data', false)
  ask(2, 'child', true)
  ask(3, 'data', true)
  ask(4, 'data', true)

  expect(told()).toEqual([
    '1 wire watches true',
    '2 wire watches false',
    '3 wire watches true',
    '4 wire watches false',
  ])
})

test('W8: nothing is watched any more once the connection is gone, or the session', () => {
  const { peers, session, watch, handle, told } = hosted()
  const host = peers.peer(2)
  watch('/', 'recursive')
  handle({ type: 'wire-watches-dropped', session })
  host.request(session, 10, create('/a'))
  peers.settle()
  watch('/', 'recursive')
  host.request(session, 11, close)
  peers.settle()
  watch('/', 'recursive')
  const other = peers.session(1)
  peers.peer(1).request(other, 10, create('/b'))
  peers.settle()

  expect(told()).toEqual(['10 create', '11 close-session', 'ended closed'])
})

test('a watch too many ends all of the connection, which is told so', () => {
  const { peers, session, watch, told } = hosted({ maxSessionWatches: 2 })
  watch('/a', 'data')
  watch('/a', 'data')
  watch('/b', 'child')
  watch('/c', 'data')
  peers.peer(2).request(session, 10, create('/a'))
  peers.settle()

  expect(told()).toEqual(['wire gap', '10 create'])
})
