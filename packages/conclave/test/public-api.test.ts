/** What `import 'conclave'` and its subpaths give: an addition is a line in this file, and a promise. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as conclave from 'conclave'
import * as testing from 'conclave/testing'
import { expect, test } from 'vitest'

const facade = readFileSync(fileURLToPath(new URL('../src/index.ts', import.meta.url)), 'utf8')

test('the façade exports these values', () => {
  expect(Object.keys(conclave).sort()).toEqual([
    'CoordinationError',
    'connect',
    'errorCodes',
    'formatZxid',
    'open',
  ])
})

test('the façade names these, at most 25, one by one', () => {
  const lists = [...facade.matchAll(/export (type )?\{([^}]*)\}/g)]
  const names = lists.flatMap(([, isType, list]) =>
    (list ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => (isType === undefined ? name : `type ${name}`)),
  )

  expect(names.sort()).toEqual([
    'CoordinationError',
    'connect',
    'errorCodes',
    'formatZxid',
    'open',
    'type AclLine',
    'type Bytes',
    'type Call',
    'type Change',
    'type ErrorCode',
    'type OpenOptions',
    'type Outcome',
    'type Peer',
    'type ReadResult',
    'type Role',
    'type Scan',
    'type ScannedZnode',
    'type Session',
    'type SessionId',
    'type SessionState',
    'type Stat',
    'type Status',
    'type Transaction',
    'type Watch',
    'type Zxid',
  ])
  expect(names.length).toBeLessThanOrEqual(25)
})

test('the test kit exports these values, and nobody else has them', () => {
  expect(Object.keys(testing).sort()).toEqual(['checkHistory', 'ensemble'])
  expect(Object.keys(conclave)).not.toContain('ensemble')
})
