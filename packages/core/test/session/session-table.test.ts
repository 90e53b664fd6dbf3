import { describe, expect, test } from 'vitest'
import {
  digestOf,
  InvariantError,
  makeZxid,
  sessionIdAt,
  SessionTable,
  type SessionRecord,
} from '../../src/internal.ts'

function sessionAt(counter: number): SessionRecord {
  const zxid = makeZxid(1, counter)
  const password = new Uint8Array(16).fill(counter)
  const host = { host: 1, hostedSince: zxid, lastRequestId: 0 }
  return { id: sessionIdAt(zxid), timeoutMs: 10_000, password, ...host }
}

function tableOf(...records: SessionRecord[]): SessionTable {
  const table = new SessionTable()
  for (const record of records) table.create(record)
  return table
}

describe('session table', () => {
  const first = sessionAt(1)
  const second = sessionAt(2)

  test('a session is found by its id and by its password, until it ends', () => {
    const table = tableOf(first, second)

    expect(table.size).toBe(2)
    expect(table.get(first.id)).toMatchObject(first)
    expect(table.findByPassword(new Uint8Array(16).fill(2))?.id).toBe(second.id)
    expect([...table.sessions()].map(({ id }) => id)).toEqual([first.id, second.id])

    table.close(second.id)

    expect(table.size).toBe(1)
    expect(table.has(second.id)).toBe(false)
    expect(table.get(second.id)).toBeUndefined()
    expect(table.findByPassword(second.password)).toBeUndefined()
  })

  test('S1: an id is used once', () => {
    expect(() => {
      tableOf(first, { ...second, id: first.id })
    }).toThrow(/^S1/)
  })

  test('passwords are told apart by every byte and by their length', () => {
    const table = tableOf(
      { ...sessionAt(1), password: new Uint8Array([1, 0]) },
      { ...sessionAt(2), password: new Uint8Array([1]) },
      { ...sessionAt(3), password: new Uint8Array([1, 255]) },
    )

    expect(table.findByPassword(new Uint8Array([1]))?.id).toBe(sessionAt(2).id)
    expect(table.findByPassword(new Uint8Array([1, 255]))?.id).toBe(sessionAt(3).id)
    expect(table.findByPassword(new Uint8Array([0, 1]))).toBeUndefined()
  })

  test('S3: nothing is done to a session that has ended', () => {
    const table = tableOf(first)
    table.close(first.id)

    for (const act of [
      () => table.close(first.id),
      () => table.move(first.id, 2, makeZxid(1, 9)),
      () => table.noteRequest(first.id, 1),
      () => table.addEphemeral(first.id, '/x'),
      () => table.removeEphemeral(first.id, '/x'),
    ]) {
      expect(act).toThrow(InvariantError)
    }
  })

  test('S2: ephemerals are listed with their owner, in the order of their creation', () => {
    const table = tableOf(first, second)
    table.addEphemeral(first.id, '/b')
    table.addEphemeral(first.id, '/a')

    expect([...table.ephemeralsOf(first.id)]).toEqual(['/b', '/a'])
    expect(table.ephemeralsOf(second.id).size).toBe(0)
    expect(table.ephemeralsOf(sessionAt(3).id).size).toBe(0)
    expect(() => table.removeEphemeral(second.id, '/a')).toThrow(/^S2/)
    expect(() => table.close(first.id)).toThrow(/^S3/)

    table.removeEphemeral(first.id, '/b')
    table.removeEphemeral(first.id, '/a')
    table.close(first.id)
    expect(table.size).toBe(1)
  })

  test('D1: the digest follows every change, once it has settled', () => {
    const table = tableOf(first, second)
    const expectSettled = (): void => {
      table.settle()
      expect(table.digest.hex).toBe(digestOf([], table.sessions()))
    }

    expectSettled()
    table.noteRequest(first.id, 1)
    table.noteRequest(first.id, 2)
    table.move(second.id, 2, makeZxid(1, 5))
    expectSettled()
    table.noteRequest(second.id, 1)
    table.close(second.id)
    table.create(sessionAt(6))
    table.close(sessionAt(6).id)
    expectSettled()
    expect(table.get(first.id)?.lastRequestId).toBe(2)
  })
})
