import { open } from 'conclave'

const peer = await open({ id: 1, dir: './data/1', ensemble: 'standalone' })
await peer.ready({ timeoutMs: 10_000 })
const session = await peer.session({ sessionTimeoutMs: 10_000 })
const changes = session.watch('/app', { depth: 'subtree' })

await session.create('/app/rate', '10', { parents: true })
const { stat } = await session.get('/app/rate')
await session.set('/app/rate', '20', { version: stat.version })

for await (const change of changes) {
  console.log(change.type === 'gap' ? 'gap' : `${change.type} ${change.path}`)
  if (change.type === 'changed') break
}
await peer.close()
