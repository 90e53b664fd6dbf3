/** What talks to an ensemble: here one peer in this process, and a session for each worker. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { open, type Peer, type Session } from 'conclave'
import { coordinate } from '../../../examples/word-count/coordinator.ts'
import { sumOf, type Counts } from '../../../examples/word-count/counting.ts'
import { campaign } from '../../../examples/word-count/election.ts'
import { countPlainly } from '../../../examples/word-count/input.ts'
import {
  assignmentPath,
  assignmentsPath,
  encode,
  isFinished,
  membersPath,
  rangePath,
  rangesPath,
  readRanges,
  readTotals,
  totalsPath,
} from '../../../examples/word-count/layout.ts'
import { workOnRanges } from '../../../examples/word-count/range-worker.ts'

const fileCount = 120
/** Every file counted is a durable write: a busy disk takes its time for them. */
const patience = { timeout: 60_000 }
/** So that no session ends but those that the test closes. */
const sessionTimeoutMs = 60_000

interface Place {
  readonly peer: Peer
  readonly files: readonly string[]
}

/** Gives a peer of its own, and files to count. */
async function inNewPlace(act: (place: Place) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-exactly-once-'))
  const files = Array.from({ length: fileCount }, (_, number) => join(folder, `${number}.txt`))
  for (const [number, path] of files.entries()) await writeFile(path, 'one two\n'.repeat(number))
  const peer = await open({ id: 1, dir: join(folder, 'peer'), ensemble: 'standalone' })
  try {
    await peer.ready()
    await act({ peer, files })
  } finally {
    await peer.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Opens a session and joins the members, as a worker's life begins. */
async function joinAs(peer: Peer, name: string): Promise<Session> {
  const session = await peer.session({ sessionTimeoutMs })
  await session.create(`${membersPath}/${name}`, '', { mode: 'ephemeral', parents: true })
  return session
}

/**
 * Resolves when the work ends, as it does when its session is closed: at rest, or in the middle of a
 * call, which rejects then.
 */
async function untilClosed(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => expect(error).toMatchObject({ code: 'SESSION_CLOSED' }))
}

async function totalOf(session: Session): Promise<Counts> {
  return sumOf((await readTotals(session)).values())
}

/** Resolves once every range is counted to its end. */
async function untilCounted(session: Session): Promise<void> {
  for await (const change of session.watch(rangesPath, { depth: 'children', initial: true })) {
    if (change.type === 'deleted') continue
    if ((await readRanges(session))?.every(isFinished) === true) return
  }
}

describe('members', patience, () => {
  test('two that believe in the same ranges count them once', () =>
    inNewPlace(async ({ peer, files }) => {
      const launcher = await peer.session({ sessionTimeoutMs })
      const sessions = [await joinAs(peer, 'a'), await joinAs(peer, 'b')]
      for (const path of [rangesPath, totalsPath, assignmentsPath]) await launcher.create(path)
      for (const [number, first] of [0, 40, 80].entries()) {
        const range = encode({ first, end: first + 40, position: first })
        await launcher.create(rangePath(number), range)
      }
      for (const name of ['a', 'b']) await launcher.create(assignmentPath(name), encode([0, 1, 2]))

      const over = ['a', 'b'].map((name, place) => {
        const session = sessions[place]!
        const onCommit = (): void => undefined
        return untilClosed(workOnRanges({ session, files, name, worker: name, onCommit }))
      })
      await untilCounted(launcher)

      expect(await totalOf(launcher)).toEqual(await countPlainly(files, launcher.alive))
      for (const session of sessions) await session.close()
      await Promise.all(over)
    }))

  test('one that begins where another was cut off counts what is left', () =>
    inNewPlace(async ({ peer, files }) => {
      const launcher = await peer.session({ sessionTimeoutMs })
      await launcher.create(rangesPath, '', { parents: true })
      for (const path of [totalsPath, assignmentsPath]) await launcher.create(path)
      await launcher.create(rangePath(0), encode({ first: 0, end: fileCount, position: 0 }))
      await launcher.create(assignmentPath('a'), encode([0]))
      await launcher.create(assignmentPath('b'), encode([0]))

      const first = await joinAs(peer, 'a')
      let commits = 0
      const cutOff = workOnRanges({
        session: first,
        files,
        name: 'a',
        worker: 'one',
        onCommit: () => {
          commits += 1
          if (commits === 7) void first.close()
        },
      })
      await expect(cutOff).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
      const second = await joinAs(peer, 'b')
      const onCommit = (): void => undefined
      const member = { session: second, files, name: 'b', worker: 'one', onCommit }
      const rest = untilClosed(workOnRanges(member))
      await untilCounted(launcher)

      expect(await totalOf(launcher)).toEqual(await countPlainly(files, launcher.alive))
      await second.close()
      await rest
    }))
})

describe('the coordinator', patience, () => {
  test('has every file counted by whoever is there', () =>
    inNewPlace(async ({ peer, files }) => {
      const a = await joinAs(peer, 'a')
      const candidacy = await campaign(a, 'a')
      const coordinating = untilClosed(coordinate(a, candidacy ?? '', fileCount, () => undefined))
      const onCommit = (): void => undefined
      const member = { session: a, files, name: 'a', worker: 'a', onCommit }
      const working = untilClosed(workOnRanges(member))
      const launcher = await peer.session({ sessionTimeoutMs })
      await untilCounted(launcher)

      expect(await totalOf(launcher)).toEqual(await countPlainly(files, launcher.alive))
      await a.close()
      await Promise.all([coordinating, working])
    }))

  test('is the candidate that came first, then the next one', () =>
    inNewPlace(async ({ peer }) => {
      const [first, second] = [
        await peer.session({ sessionTimeoutMs }),
        await peer.session({ sessionTimeoutMs }),
      ]
      const won = await campaign(first, 'first')
      const elected: string[] = []
      const next = campaign(second, 'second').then((path) => elected.push(path ?? 'nobody'))
      await second.sync()
      expect(elected).toEqual([])

      await first.close()
      await next
      expect(elected).toHaveLength(1)
      expect(elected).not.toContain(won)
    }))

  test('cannot write once its candidacy is gone, whatever it believes', () =>
    inNewPlace(async ({ peer }) => {
      const session = await joinAs(peer, 'a')
      const candidacy = (await campaign(session, 'a')) ?? ''
      await session.delete(candidacy)

      await expect(
        coordinate(session, candidacy, fileCount, () => undefined),
      ).rejects.toMatchObject({ code: 'NO_NODE', path: candidacy })
      expect(await readRanges(session)).toBeUndefined()
    }))
})
