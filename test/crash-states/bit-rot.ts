/**
 * Disks that do not give back what they were given: every byte of a small store flipped in turn, every
 * file cut at every length, blocks and segments in the place of others, segments as they were before.
 * The store gives exactly what was acknowledged, or says that it is damaged, or refuses.
 *
 * Two things nobody can see: a last segment that ends early, at the end of an append, with nothing of
 * the snapshot behind it; then the log holds what it held at an earlier moment, and nothing else. And a
 * segment that was purged and is there again: the log reaches back as far as it did before.
 */
import type { Found } from './facts.ts'
import { judge, behind, nothingTold, type Expectation } from './judge.ts'
import { crashImages } from './models.ts'
import { bytesOfContent, type Content, type Image, type Recording } from './operations.ts'
import { peerPath } from './record.ts'
import type { Readers } from './readers.ts'
import { Volume } from './volume.ts'

export interface RotReport {
  readonly name: string
  readonly count: number
  /** How many were right all the same, said damage, were refused, or lost their end unseen. */
  readonly outcomes: ReadonlyMap<Outcome, number>
  readonly wrong: readonly string[]
}

type Outcome = 'right' | 'damaged' | 'refused' | 'earlier'

interface Rotten {
  readonly what: string
  readonly image: Image
  /** True when an earlier state of the log may be found. */
  readonly isCut: boolean
}

/** The last image of a recording, and those at the end of each of its processes before. */
function endsOf({ operations }: Recording): { images: Image[]; expected: Expectation } {
  const volume = new Volume('directory')
  const volumes = { journal: volume, posix: volume }
  let expected = nothingTold
  const images: Image[] = []
  for (const operation of operations) {
    volume.apply(operation)
    if (operation.type !== 'fact') continue
    expected = behind(expected, operation.fact)
    if (operation.fact.type !== 'closed') continue
    const [image] = crashImages('killed', volumes, undefined)
    if (image !== undefined) images.push(image)
  }
  return { images, expected }
}

/** The files that a restart reads. */
function filesOf(image: Image): [path: string, bytes: Buffer][] {
  return [...image].flatMap(([path, content]) => {
    const isRead = content !== null && !/\/(LOG|LOG\.old|LOCK)$/.test(path)
    const bytes = isRead ? bytesOfContent(content) : Buffer.alloc(0)
    return bytes.length > 0 ? [[path, bytes] as [string, Buffer]] : []
  })
}

function replaced(image: Image, path: string, bytes: Buffer): Image {
  const content: Content = { id: 'rotten', changes: [{ index: 0, bytes, position: 0 }] }
  return new Map([...image, [path, content]])
}

/** Flips one bit of each byte, another one each time; and every so many bytes all of them. */
function* flips(image: Image, every: number): Generator<Rotten> {
  for (const [path, bytes] of filesOf(image)) {
    for (let at = 0; at < bytes.length; at += every) {
      const patterns = at % 7 === 0 ? [1 << (at % 8), 0xff] : [1 << (at % 8)]
      for (const pattern of patterns) {
        const rotten = Buffer.from(bytes)
        rotten[at] = (rotten[at] ?? 0) ^ pattern
        const what = `${path}, byte ${String(at)} ^ ${String(pattern)}`
        yield { what, image: replaced(image, path, rotten), isCut: false }
      }
    }
  }
}

function* cuts(image: Image, every: number): Generator<Rotten> {
  for (const [path, bytes] of filesOf(image)) {
    for (let length = 0; length < bytes.length; length += every) {
      const what = `${path}, cut to ${String(length)}`
      const isCut = path === lastSegmentOf(image)
      yield { what, image: replaced(image, path, bytes.subarray(0, length)), isCut }
    }
  }
}

/** The only file whose end may be missing unseen. */
function lastSegmentOf(image: Image): string | undefined {
  return [...image.keys()].filter(isSegment).sort().at(-1)
}

function isSegment(path: string): boolean {
  return /\/log\/\d+\.log$/.test(path)
}

const blockBytes = 128
/** A mark is an envelope without a body. */
const markBytes = 36

/** Writes that went to the place of another: blocks within a file, files in the place of others. */
function* misdirections(image: Image): Generator<Rotten> {
  const files = filesOf(image)
  for (const [path, bytes] of files) {
    for (let to = 0; to + blockBytes <= bytes.length; to += blockBytes) {
      for (let from = 0; from + blockBytes <= bytes.length; from += blockBytes) {
        if (from === to) continue
        const rotten = Buffer.from(bytes)
        bytes.copy(rotten, to, from, from + blockBytes)
        const what = `${path}, block at ${String(from)} also at ${String(to)}`
        // One that takes the mark may have taken the last append with it.
        const isCut = path === lastSegmentOf(image) && to + blockBytes > bytes.length - markBytes
        yield { what, image: replaced(image, path, rotten), isCut }
      }
    }
  }
  for (const [path] of files) {
    for (const [other, bytes] of files) {
      if (path === other || kindOf(path) !== kindOf(other)) continue
      const what = `${other} in the place of ${path}`
      yield { what, image: replaced(image, path, bytes), isCut: path === lastSegmentOf(image) }
    }
  }
}

function kindOf(path: string): string {
  return path.slice(path.lastIndexOf('/')).replaceAll(/\d/g, '')
}

/** Files as they were at an earlier end, and those that have been removed since. */
function* stale(images: readonly Image[]): Generator<Rotten> {
  const image = images.at(-1) ?? new Map<string, Content>()
  for (const [age, earlier] of images.slice(0, -1).entries()) {
    for (const [path, content] of earlier) {
      const now = image.get(path)
      const isElsewhere = !image.has(path.slice(0, path.lastIndexOf('/')))
      if (content === null || isElsewhere || now?.id === content.id) continue
      const what = `${path} as at the end of process ${String(age)}`
      // One that was removed and is there again: the log reaches back as it did before.
      const isCut = path === lastSegmentOf(image) || (now === undefined && isSegment(path))
      yield { what, image: new Map([...image, [path, content]]), isCut }
    }
  }
}

/** Opens all that may have become of a recording. With `every`, one byte of so many. */
export async function* rot(
  recording: Recording,
  readers: Readers,
  every: number,
): AsyncGenerator<RotReport> {
  const { images, expected } = endsOf(recording)
  const image = images.at(-1) ?? new Map<string, Content>()
  yield await check('a flipped byte', flips(image, every), expected, readers)
  yield await check('a file that is cut', cuts(image, every), expected, readers)
  yield await check('a block or a file elsewhere', misdirections(image), expected, readers)
  yield await check('a file of before', stale(images), expected, readers)
}

function outcomeOf(found: Found, isRight: boolean): Outcome {
  if (isRight) return 'right'
  if (found.type !== 'opened') return 'refused'
  return found.log.damaged === null ? 'earlier' : 'damaged'
}

async function check(
  name: string,
  rottens: Iterable<Rotten>,
  expected: Expectation,
  readers: Readers,
): Promise<RotReport> {
  const outcomes = new Map<Outcome, number>()
  const wrong: string[] = []
  const checkOne = async ({ what, image, isCut }: Rotten): Promise<void> => {
    const found = await readers.read(image, peerPath)
    const reason = judge(expected, found, { orDamage: true, orEarlier: isCut })
    const outcome = outcomeOf(found, judge(expected, found) === null)
    // What the directory says of itself is read by people too, and put right by them.
    const isRefused = outcome === 'refused' && what.includes('conclave.json')
    if (reason !== null && !isRefused) wrong.push(`${what}: ${reason}`)
    else outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const all = [...rottens]
  await Promise.all(all.map(checkOne))
  return { name, count: all.length, outcomes, wrong }
}
