/** That the comparison sees what differs, and nothing else. */
import { expect, test } from 'vitest'
import { Comparison } from './compare.ts'
import { Correspondence } from './correspondence.ts'
import { plain, type Token } from './decode.ts'
import { sortDeletions, type Told } from './told.ts'

function told(about: string, ...tokens: readonly Token[]): Told {
  return { action: 0, about, tokens }
}

function zxid(value: number): Token {
  return { name: 'zxid', kind: 'zxid', value: String(value) }
}

function transcript(...stream: readonly Told[]): Parameters<Comparison['compare']>[0] {
  return { streams: new Map([['client 0', stream]]), requests: stream.length }
}

test('zxids correspond one to one, and in their order', () => {
  const zxids = new Correspondence()

  expect(zxids.isSame(10, 1)).toBe(true)
  expect(zxids.isSame(14, 3)).toBe(true)
  expect(zxids.isSame(12, 2)).toBe(true)
  expect(zxids.isSame(12, 2)).toBe(true)
  expect(zxids.isSame(12, 3)).toBe(false)
  expect(zxids.isSame(13, 2)).toBe(false)
  expect(zxids.isSame(15, 2.5)).toBe(false)
  expect(zxids.isSame(-1, -1)).toBe(true)
  expect(zxids.isSame(16, -1)).toBe(false)
})

test('a position lies between the same two', () => {
  const zxids = new Correspondence()
  zxids.isSame(10, 1)
  zxids.isSame(20, 5)

  expect(zxids.isSamePosition(11, 4)).toBe(true)
  expect(zxids.isSamePosition(20, 4)).toBe(false)
  expect(zxids.isSamePosition(9, 1)).toBe(false)
})

test('another field, another answer and one that is missing are differences', () => {
  const ours = transcript(told('getData', zxid(7), plain('version', 1)))

  expect(new Comparison().compare(ours, ours)).toBeNull()
  expect(
    new Comparison().compare(ours, transcript(told('getData', zxid(3), plain('version', 2)))),
  ).toMatchObject({ field: 'version' })
  expect(new Comparison().compare(ours, transcript(told('event')))).toMatchObject({
    field: 'another answer',
  })
  expect(new Comparison().compare(ours, transcript())).toMatchObject({ field: 'one has none' })
})

test('events of one closing are put into order, others keep theirs', () => {
  const event = (text: string, at: number): Told => told('event', plain('event', text), zxid(at))
  const stream = [event('deleted /b', 9), event('deleted /a', 9), event('deleted /d', 10)]
  const untouched = [event('deleted /b', 8), event('deleted /a', 8)]
  sortDeletions(stream, new Set(['9']))
  sortDeletions(untouched, new Set(['9']))

  expect(stream.map(({ tokens }) => tokens[0]?.value)).toEqual([
    '"deleted /a"',
    '"deleted /b"',
    '"deleted /d"',
  ])
  expect(untouched[0]).toEqual(event('deleted /b', 8))
})
