/**
 * A worker: a process that embeds a peer, counts files, and stands for coordinator. There is no
 * other place where the ensemble runs; three of these are the ensemble.
 *
 * It lives in sessions. As long as one lasts, it is a member, works and campaigns; when the ensemble
 * ends one (the machine was asleep, say), it opens another and begins anew, from what the znodes
 * say. The process ends when the launcher says so, or is gone.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CoordinationError, formatZxid, open, type Peer, type Session } from 'conclave'
import { sumOf, type Counts } from './counting.ts'
import { coordinate } from './coordinator.ts'
import { campaign } from './election.ts'
import { loadList } from './input.ts'
import {
  candidatesPath,
  isFinished,
  membersPath,
  peekTotal,
  readRanges,
  readTotals,
  workerName,
} from './layout.ts'
import { workOnRanges } from './range-worker.ts'
import type { Report, Request, WorkerOptions } from './reports.ts'

/**
 * A dead process is noticed at once, by its closed sockets; a silent one only after this long. The
 * default of 3 s is for applications whose loop is busy at times; this one never is for long.
 */
const silentPeerMs = 1_000
/** For so long the ensemble waits for a member that says nothing, before others get its ranges. */
const sessionTimeoutMs = 3_000
/** How long the others let the worker beside the ensemble's leader campaign first. */
const headStartMs = 300
const standingIntervalMs = 50
/** How long a worker waits for the ensemble to hear of its end. */
const closing = { timeoutMs: 2_000 }
/** How long a worker outlives its launcher, at most. */
const orphanMs = 5_000

class Worker {
  readonly #options: WorkerOptions
  readonly #peer: Peer
  readonly #ending: AbortSignal
  readonly #name: string
  #session: Session | undefined

  /** `ending` ends everything that the worker has begun. */
  constructor(options: WorkerOptions, peer: Peer, ending: AbortSignal) {
    this.#options = options
    this.#peer = peer
    this.#ending = ending
    this.#name = workerName(options.id)
  }

  /** Works on, session after session. Rejects when there is no way to go on, or nothing shall. */
  async run(): Promise<void> {
    const files = await loadList(this.#options.listPath)
    for (;;) {
      const session = await this.#peer.session({ sessionTimeoutMs, signal: this.#ending })
      this.#session = session
      try {
        await this.#live(session, files)
      } catch (error) {
        if (this.#ending.aborted || !endsLife(error, session)) throw error
        tell({ type: 'session-ended', reason: error.message })
      }
    }
  }

  /** Reads the totals behind every write that was acknowledged to anybody. */
  async tellTotals(): Promise<void> {
    const session = this.#session
    if (session === undefined) throw new Error('there is no session to read with')
    await session.sync()
    const ranges = await readRanges(session)
    if (ranges?.every(isFinished) !== true) throw new Error('some ranges are not finished')
    const totals = sumOf((await readTotals(session)).values())
    const { digest, lastApplied } = this.#peer.status()
    tell({ type: 'told-totals', totals, digest, lastApplied: formatZxid(lastApplied) })
  }

  tellStanding(): void {
    const { role, leader, epoch, reason, lastApplied } = this.#peer.status()
    tell({
      type: 'stood',
      standing: {
        ...{ role, leader, epoch, reason },
        lastApplied: formatZxid(lastApplied),
        session: this.#session?.state ?? 'none',
        totals: this.#peekTotals(),
      },
    })
  }

  /** One session's time. */
  async #live(session: Session, files: readonly string[]): Promise<void> {
    const { path } = await session.create(`${membersPath}/${this.#name}-`, '', {
      mode: 'ephemeral',
      sequential: true,
      parents: true,
    })
    const member = path.slice(membersPath.length + 1)
    tell({ type: 'joined', member })
    await Promise.all([
      workOnRanges({
        session,
        files,
        name: member,
        worker: this.#name,
        onCommit: ({ range, files }) => {
          tell({ type: 'committed', range, files, epoch: this.#peer.status().epoch })
        },
      }),
      this.#stand(session, files.length),
    ])
  }

  /** Stands for coordinator, and is it once elected. */
  async #stand(session: Session, fileCount: number): Promise<void> {
    // Any worker will do, but the one beside the leader has the shortest way to it. And what the
    // demo kills later is both then.
    if (this.#peer.role !== 'leader') await delay(headStartMs)
    const candidacy = await campaign(session, this.#name)
    if (candidacy === undefined) return
    tell({ type: 'elected' })
    await coordinate(session, candidacy, fileCount, (reassignment) => {
      tell({ type: 'reassigned', ...reassignment })
    })
  }

  #peekTotals(): Record<string, Counts> {
    const session = this.#session
    if (session?.state !== 'connected' && session?.state !== 'suspended') return {}
    const totals: Record<string, Counts> = {}
    for (const { id } of this.#options.ensemble) {
      const total = peekTotal(session, workerName(id))
      if (total !== undefined) totals[workerName(id)] = total
    }
    return totals
  }
}

/** True of an error that says that the session has ended, or its candidacy, which only ends with it. */
function endsLife(error: unknown, session: Session): error is CoordinationError {
  if (!(error instanceof CoordinationError)) return false
  return session.alive.aborted || error.path?.startsWith(`${candidatesPath}/`) === true
}

function tell(report: Report): void {
  // Without the launcher there is nobody to tell, and the process is about to end.
  if (process.connected) process.send?.(report)
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions
  const { id, dir, ensemble } = options
  const ending = new AbortController()
  process.on('message', (request: Request) => {
    if (request.type === 'end') ending.abort()
  })
  // Control-C reaches every process of the terminal's group; the launcher decides what it means.
  process.on('SIGINT', () => undefined)
  process.on('disconnect', () => {
    ending.abort()
    // Nobody is left who could end this process if that takes too long.
    setTimeout(() => process.exit(1), orphanMs).unref()
  })
  const peer = await open({ id, dir, ensemble, thread: 'inline', timing: { silentPeerMs } })
  const worker = new Worker(options, peer, ending.signal)
  peer.on('failed', (error) => tell({ type: 'failed', reason: error.message }))
  peer.on('role', () => worker.tellStanding())
  process.on('message', (request: Request) => {
    if (request.type === 'tell-totals') worker.tellTotals().catch(tellFailure)
  })

  const standings = setInterval(() => worker.tellStanding(), standingIntervalMs)
  try {
    await peer.ready({ signal: ending.signal })
    tell({ type: 'became-ready', lastApplied: formatZxid(peer.lastApplied) })
    // Closing the peer closes its sessions, so nobody has to wait for them to expire.
    ending.signal.addEventListener('abort', () => void peer.close(closing))
    await worker.run()
  } catch (error) {
    if (ending.signal.aborted) return
    tellFailure(error)
    throw error
  } finally {
    clearInterval(standings)
    await peer.close(closing)
    if (process.connected) process.disconnect()
  }
}

function tellFailure(error: unknown): void {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) })
}

await main()
