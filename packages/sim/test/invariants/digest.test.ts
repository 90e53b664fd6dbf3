import { describe, expect, test } from 'vitest'
import { Replica, type RecoveredState } from '@conclave/core/internal'
import { EqualDigests } from '../../src/invariants/d1-digest.ts'
import { zxid } from '../pages.ts'
import { peer, step, SyntheticRun, view } from './observed.ts'

describe('D1', () => {
  test('two peers stop at one place with different digests', () => {
    const invariant = new EqualDigests(new SyntheticRun())
    const stopped = (digest: string) => view({ lastApplied: zxid('1:2'), digest })
    invariant.onStep(step(peer(1), view(), stopped('aa')))
    invariant.onStep(step(peer(2), view(), stopped('aa')))

    expect(() => invariant.onStep(step(peer(3), view(), stopped('bb')))).toThrow(/^D1:/)
  })

  test('a restart loads another state than the one that was there', () => {
    const invariant = new EqualDigests(new SyntheticRun())
    const replica = Replica.empty()
    invariant.onStep(step(peer(1), view(), view({ digest: 'aa' })))

    const recovered = { replica } as RecoveredState
    expect(() => invariant.onStart(peer(1), recovered)).toThrow(/^D1:/)
  })
})
