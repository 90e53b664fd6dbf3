/** One process of the wire bench: a service that embeds a peer and serves clients of ZooKeeper. */
import { open } from 'conclave'
import { answerQuestions } from './processes.ts'

answerQuestions(async (options: Parameters<typeof open>[0]): Promise<unknown> => {
  const peer = await open(options)
  await peer.ready({ timeoutMs: 30_000 })
  return peer.status().role
})
