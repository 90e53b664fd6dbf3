import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Session } from 'conclave'
import { ensemble } from 'conclave/testing'

/** The service: resolves once it is on duty, which is whoever made /duty. */
async function takeDuty(session: Session, name: string): Promise<void> {
  const changes = session.watch('/duty')
  while ((await session.find('/duty')) !== undefined) await changes.next()
  await session.create('/duty', name, { mode: 'ephemeral' })
}

test('when the first is gone, the second takes over', async () => {
  await using group = await ensemble({ peers: 3, seed: 42 })
  const first = await group.peer(1).session({ sessionTimeoutMs: 10_000 })
  const second = await group.peer(2).session()
  await takeDuty(first, 'first')
  const takenOver = takeDuty(second, 'second')

  group.crash(1)
  await takenOver // some 10 s of virtual time, in some ms
  assert.ok(group.nowMs < 12_000)
  group.checkHistory()
})
