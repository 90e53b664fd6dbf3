/**
 * A transcript: commands to an ensemble, and behind each block of them, under a line of dashes, all
 * that the peers did. Running one gives it anew, so that a test can compare it with itself.
 *
 *   peers 3 [limit=value ...]      as many, linked, none of them started
 *   founded 3 [words] [limit=...]  the same, ready, with these words committed, one page each
 *   start 1 2 · crash 1 · crash 1 keeping 2 · wipe 1 · damage 1 · close 3
 *   propose 3 b c                  the leader puts words into one page
 *   slow-disk 1 · fast-disk 1      appends wait, or do not
 *   sync 1 · sync 1 all            the oldest is confirmed, or all of them at once
 *   slow-store 1 · fast-store 1    nothing else of the store is answered
 *   break 1 3 · cut 1 3 · silence 1 3 · hold 1 3 [lane] · release 1 3 · heal
 *   checkpoint 3                   its log goes, up to what it applied
 *   wait 1000 · ready              time passes; until all that run are ready
 *   status                         what each peer is, and how far it has come
 *   show votes                     from here on
 *
 * After each command everything comes to rest, without any time passing, or only up to the first line
 * that holds a text: `start 1 until leader-info`. Pings are not shown, nor are votes unless asked for.
 */
import { formatZxid } from '../../src/zxid.ts'
import { describeStanding } from '../zab/describe.ts'
import { TestEnsemble } from '../zab/test-ensemble.ts'

/** Runs a transcript, and says what it would be now. */
export function rerun(text: string): string {
  const stage = new Stage()
  const blocks = text.trimEnd().split(/\n\n+/)
  return `${blocks.map((block) => rerunBlock(block, stage)).join('\n\n')}\n`
}

function rerunBlock(block: string, stage: Stage): string {
  const lines = block.split('\n')
  const dashes = lines.indexOf('----')
  const asked = dashes < 0 ? lines : lines.slice(0, dashes)
  const done = asked.filter((line) => !line.startsWith('#')).flatMap((line) => stage.run(line))
  return asked.every((line) => line.startsWith('#'))
    ? asked.join('\n')
    : [...asked, '----', ...done].join('\n')
}

class Stage {
  #ensemble = new TestEnsemble(0)
  #hidden = / (ping|pong|notification)( |$)/
  #shown = 0

  run(line: string): string[] {
    const [command = '', awaited] = line.split(' until ')
    const [verb = '', ...words] = command.split(' ')
    this.#obey(verb, words)
    if (verb === 'founded') this.#shown = this.#ensemble.trace.length
    const from = this.#shown
    this.#ensemble.settle(() => {
      if (awaited === undefined) return false
      return this.#ensemble.trace.slice(from).some((told) => told.includes(awaited))
    })
    this.#shown = this.#ensemble.trace.length
    const told = this.#ensemble.trace.slice(from).filter((each) => !this.#hidden.test(each))
    return verb === 'status' ? this.#status() : told
  }

  #obey(verb: string, words: readonly string[]): void {
    const ensemble = this.#ensemble
    const numbers = words.map(Number)
    const [a = 0, b = 0] = numbers
    switch (verb) {
      case 'peers':
      case 'founded':
        this.#raise(a, words.slice(1), verb === 'founded')
        return
      case 'start':
        ensemble.start(...numbers)
        return
      case 'crash':
        if (words[1] === 'keeping') ensemble.crashKeeping(Number(words[2]), a)
        else ensemble.crash(...numbers)
        return
      case 'wipe':
        ensemble.peer(a).disk.wipe()
        return
      case 'damage':
        ensemble.peer(a).disk.damage('a flipped bit')
        return
      case 'close':
        ensemble.close(a)
        return
      case 'propose': {
        const peer = ensemble.peer(a)
        ensemble.step(peer, () => peer.machine.propose(...words.slice(1)))
        return
      }
      case 'checkpoint':
        ensemble.checkpointAndPurge(a)
        return
      case 'wait':
        ensemble.run(a)
        return
      case 'ready':
        ensemble.ready()
        return
      case 'status':
        return
      case 'show':
        this.#hidden = / (ping|pong)( |$)/
        return
      default:
        this.#disturb(verb, words, [a, b])
    }
  }

  #disturb(verb: string, words: readonly string[], [a, b]: readonly [number, number]): void {
    const ensemble = this.#ensemble
    const peers = words.map((word) => ensemble.peer(Number(word) || a))
    switch (verb) {
      case 'slow-disk':
      case 'fast-disk':
        for (const peer of peers) peer.slowDisk = verb === 'slow-disk'
        return
      case 'slow-store':
      case 'fast-store':
        for (const peer of peers) peer.slowStore = verb === 'slow-store'
        return
      case 'sync':
        if (words[1] === 'all') ensemble.peer(a).syncAll(ensemble.nowMs)
        else ensemble.sync(a)
        return
      case 'break':
        ensemble.breakLink(a, b)
        return
      case 'cut':
        ensemble.cut(a, b)
        return
      case 'silence':
        ensemble.silence(a, b)
        return
      case 'hold':
        if (words[2] === undefined) ensemble.network.hold(a, b)
        else ensemble.network.holdLane(a, b, words[2] === 'data' ? 'data' : 'liveness')
        return
      case 'release':
        ensemble.network.release(a, b)
        return
      case 'heal':
        ensemble.heal()
        return
      default:
        throw new Error(`"${verb}" is no command of a transcript`)
    }
  }

  #raise(size: number, words: readonly string[], founded: boolean): void {
    const limits: Record<string, number> = {}
    for (const word of words) {
      const [name = '', value] = word.split('=')
      if (value !== undefined) limits[name] = Number(value)
    }
    this.#ensemble = new TestEnsemble(size, { limits })
    if (!founded) return
    this.#ensemble.start().ready()
    for (const word of words) if (!word.includes('=')) this.#ensemble.propose(word)
  }

  #status(): string[] {
    return [...this.#ensemble.peers.values()].map((peer) => {
      const { id, up, disk, machine } = peer
      const log = `log up to ${formatZxid(disk.end.last)}`
      const words = `applied (${machine.applied.join(' ')})`
      return `${String(id)} ${up ? describeStanding(peer.standing) : 'is down'}, ${log}, ${words}`
    })
  }
}
