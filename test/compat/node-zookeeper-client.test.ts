/** node-zookeeper-client, as npm has it, on three peers. */
import { promisify } from 'node:util'
import zookeeper, { type Client } from 'node-zookeeper-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { servingEnsemble, type ServingEnsemble } from './ensemble.ts'

let ensemble: ServingEnsemble

beforeAll(async () => {
  ensemble = await servingEnsemble()
}, 60_000)
afterAll(() => ensemble.close())

/** A client of one peer, connected. */
async function connected(peer: number): Promise<Client> {
  const port = String(ensemble.ports[peer] ?? 0)
  const client = zookeeper.createClient(`127.0.0.1:${port}`, { sessionTimeout: 10_000 })
  const up = new Promise<void>((resolve) => {
    client.once('connected', () => resolve())
  })
  client.connect()
  await up
  return client
}

test('writes on one peer, watches and reads on another', { timeout: 30_000 }, async () => {
  const [writer, reader] = await Promise.all([connected(0), connected(1)])
  const create = promisify<string, Buffer, string>((path, data, done) =>
    writer.create(path, data, done),
  )
  const set = promisify<string, Buffer, unknown>((path, data, done) =>
    writer.setData(path, data, done),
  )
  expect(await create('/n', Buffer.from('one'))).toBe('/n')

  // What the reader has not seen yet it may not find: it asks for what is committed first.
  const events: string[] = []
  let onEvent: () => void = () => undefined
  const told = new Promise<void>((resolve) => {
    onEvent = resolve
  })
  await new Promise<void>((resolve, reject) => {
    reader.exists(
      '/n',
      (event) => {
        events.push(`${event.getName()} ${event.getPath()}`)
        onEvent()
      },
      (error: unknown) => {
        if (error instanceof Error) reject(error)
        else resolve()
      },
    )
  })
  await set('/n', Buffer.from('two'))
  await told
  const data = await new Promise<string>((resolve, reject) => {
    reader.getData('/n', (error, value) => {
      if (error instanceof Error) reject(error)
      else resolve(value.toString())
    })
  })

  expect(['NODE_DATA_CHANGED /n', 'NODE_CREATED /n']).toContain(events[0])
  expect(['one', 'two']).toContain(data)
  writer.close()
  reader.close()
})

test('an ephemeral is gone once its client has closed', { timeout: 30_000 }, async () => {
  const [owner, witness] = await Promise.all([connected(2), connected(2)])
  await promisify<string, number, string>((path, mode, done) => owner.create(path, mode, done))(
    '/e',
    zookeeper.CreateMode.EPHEMERAL,
  )
  const gone = new Promise<string>((resolve) => {
    witness.exists(
      '/e',
      (event) => resolve(event.getName()),
      () => undefined,
    )
  })
  owner.close()

  expect(await gone).toBe('NODE_DELETED')
  witness.close()
})

test('a transaction is all or nothing', { timeout: 30_000 }, async () => {
  const client = await connected(0)
  const commit = (path: string, version: number): Promise<string> =>
    new Promise((resolve) => {
      client
        .transaction()
        .create(path)
        .check('/', version)
        .commit((error) => resolve(error instanceof Error ? error.message : 'done'))
    })

  expect(await commit('/t', -1)).toBe('done')
  expect(await commit('/u', 7)).toContain('BAD_VERSION')
  const stat = await new Promise((resolve) => {
    client.exists('/u', (_error, found: unknown) => resolve(found))
  })
  expect(stat).toBeNull()
  client.close()
})
