import { expect, test } from 'vitest'
import { drawScenario } from '../src/scenario.ts'
import { simulate } from '../src/simulator.ts'
import { machineWith, stepping } from './machines.ts'

/** Peer 1 breaks as soon as it leads. */
const brittle = machineWith((core) =>
  stepping(core, (events) => {
    const { standing } = core.inspect()
    if (standing.role === 'leader' && standing.phase === 'synchronization') {
      throw new Error('Z1: planted')
    }
    return core.step(events)
  }),
)

const { failure } = simulate({ ...drawScenario(1, 5), faults: [] }, { machine: brittle })

test('a failure has a chart of its last messages: where each leaves, and where it arrives', () => {
  const [head = '', ...rows] = failure?.chart ?? []
  const columnOf = (row: string): number => row.slice(12).search(/\S/)

  expect(head.match(/peer \d/g)).toEqual(['peer 1', 'peer 2', 'peer 3'])
  const received = rows.findLast((row) => row.includes('follower-info') && row.includes('<-'))
  const [, from = ''] = /<-(\d)/.exec(received ?? '') ?? []
  const sent = rows.find((row) => row.includes('follower-info') && row.includes('->'))
  expect(sent).toBeDefined()
  expect(columnOf(sent ?? '')).not.toBe(columnOf(received ?? ''))
  expect(head.slice(12).indexOf(`peer ${from}`) % 34).toBe(0)
  expect(rows.join()).not.toMatch(/ping|pong/)
})

test('a failure tells where each peer stands', () => {
  expect(failure?.peers).toHaveLength(3)
  expect(failure?.peers.join('\n')).toMatch(
    /peer \d, start 1: leader in synchronization, epoch \d+, voter by 1; logged .* on disk: accepted 1/,
  )
})
