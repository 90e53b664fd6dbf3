/**
 * The election of a coordinator, ZooKeeper's way: every candidate creates an ephemeral sequential
 * znode, and the one with the lowest number is elected. The others each watch the one before them,
 * so that an end wakes one candidate and not all. A candidate's end, by its own will or because its
 * session has expired, deletes its znode.
 *
 * An elected process can be paused for so long that its session ends and another one is elected.
 * What it writes then must not count, so everything an elected one writes goes through
 * `session.txn().check(candidacy, neverSet)`: refused as a whole once the znode is gone.
 */
import type { Session } from 'conclave'
import { candidatesPath } from './layout.ts'

/** The version of a candidate's znode: nobody ever sets one. */
export const neverSet = 0

/**
 * Stands for election and waits until it is won. Resolves with the path of the candidate's znode,
 * for the checks; with `undefined` when the session was closed meanwhile.
 */
export async function campaign(session: Session, name: string): Promise<string | undefined> {
  const { path } = await session.create(`${candidatesPath}/candidate-`, name, {
    mode: 'ephemeral',
    sequential: true,
    parents: true,
  })
  for (;;) {
    // Sorted by name, so by number: in the order of creation.
    const candidates = await session.children(candidatesPath)
    const place = candidates.findIndex((candidate) => path.endsWith(`/${candidate}`))
    if (place === 0) return path
    const before = candidates[place - 1]
    if (before === undefined) return undefined
    await untilGone(session, `${candidatesPath}/${before}`)
    if (session.state === 'closed') return undefined
  }
}

async function untilGone(session: Session, path: string): Promise<void> {
  // The watch first, then the look: a deletion between the two is not missed.
  const watch = session.watch(path)
  if ((await session.exists(path)) === undefined) {
    await watch.return()
    return
  }
  for await (const change of watch) {
    // After a gap it may be gone as well; the caller looks.
    if (change.type !== 'changed') return
  }
}
