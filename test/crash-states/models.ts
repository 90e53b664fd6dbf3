/**
 * The file-system models: which disks a crash at one moment may leave. From what every file system
 * does to what POSIX merely allows:
 *
 *   killed      the process is gone, the system is not: all that was done is there
 *   journalled  ext4 and its like: entries change in one order, of which a beginning is there; bytes
 *               that were not synced are there, or are not (delayed allocation), or some of them
 *   strict      POSIX: entries only after a sync of their directory, each directory for itself, and
 *               of its later changes a beginning; unsynced bytes in any selection
 *   early       strict, but what was removed or renamed is so at once, and what was created is not
 *   unordered   strict, but of the changes of one directory any selection
 */
import type { DataChange, Image, Operation } from './operations.ts'

import type { Choice, EntryChange, Volume } from './volume.ts'

export const models = ['killed', 'journalled', 'strict', 'early', 'unordered'] as const
export type Model = (typeof models)[number]

type EntryChoice = Choice['entry']
type DataChoice = Choice['data']

const none = (): boolean => false
const all = (): boolean => true
/** Of each file, the older half of its changes. */
const olderHalf: DataChoice = (change, changes) =>
  changes.indexOf(change) < Math.floor(changes.length / 2)
/** Of each file, only the last change: what was before it is a hole. */
const lastOnly: DataChoice = (change, changes) => changes.at(-1) === change

const removals: EntryChoice = ({ kind }) => kind !== 'create'

/** The first `count` of the changes, of the one directory they are of; of others, as `rest` says. */
function upTo(change: EntryChange, rest: EntryChoice): EntryChoice {
  return (one) => (one.directory === change.directory ? one.index <= change.index : rest(one))
}

/** The two volumes that a recording is replayed on. */
export interface Volumes {
  readonly journal: Volume
  readonly posix: Volume
}

/** All that a crash at this moment may leave, with repetitions. `next` may be under way. */
export function* crashImages(
  model: Model,
  volumes: Volumes,
  next: Operation | undefined,
): Generator<Image> {
  const volume = model === 'journalled' ? volumes.journal : volumes.posix
  for (const choice of choices(model, volume)) yield volume.image(choice)
  if (next?.type !== 'write' || model === 'early' || model === 'unordered') return
  for (const there of pieces(next, model !== 'killed')) {
    const torn = { inode: next.inode, pieces: there }
    if (model === 'killed') yield volume.image({ entry: all, data: all }, torn)
    else {
      yield volume.image({ entry: all, data: none }, torn)
      yield volume.image({ entry: none, data: none }, torn)
    }
  }
}

function* choices(model: Model, volume: Volume): Generator<Choice> {
  if (model === 'killed') {
    yield { entry: all, data: all }
    return
  }
  const pending = volume.pendingEntries()
  const datas = volume.hasPendingData() ? [none, all, olderHalf, lastOnly] : [none]
  for (const data of datas) {
    for (const entry of entryChoices(model, pending)) yield { entry, data }
  }
}

function* entryChoices(model: Model, pending: readonly EntryChange[]): Generator<EntryChoice> {
  if (model === 'early') {
    yield removals
    return
  }
  yield none
  yield all
  for (const change of pending) {
    if (model === 'journalled') yield (one) => one.index <= change.index
    if (model === 'strict') {
      yield upTo(change, none)
      yield upTo(change, all)
    }
    if (model === 'unordered') {
      yield (one) => one === change
      yield (one) => one !== change
    }
  }
}

const sectorBytes = 512

/** What may have reached the disk of a write that was under way: beginnings, and all but a sector. */
function* pieces(
  { bytes, position }: Extract<Operation, { type: 'write' }>,
  withHoles: boolean,
): Generator<readonly DataChange[]> {
  const piece = (from: number, to: number): DataChange => ({
    index: -1,
    bytes: bytes.subarray(from, to),
    position: position + from,
  })
  for (const cut of cutsOf(bytes, position)) yield [piece(0, cut)]
  if (!withHoles) return
  for (const [from, to] of sectorsOf(bytes, position)) {
    yield from > 0 ? [piece(0, from), piece(to, bytes.length)] : [piece(to, bytes.length)]
  }
}

/** Some of the sectors that a write goes to, but the last, as places within it: disks write these whole. */
function sectorsOf(bytes: Buffer, position: number): [from: number, to: number][] {
  const first = sectorBytes - (position % sectorBytes)
  const sectors: [number, number][] = first < bytes.length ? [[0, first]] : []
  for (const step of [0, 1, 7, 63]) {
    const from = first + step * sectorBytes
    if (from + sectorBytes < bytes.length) sectors.push([from, from + sectorBytes])
  }
  return sectors
}

/** Where a write may end: at sectors of the disk, between the log's records, in their midst. */
function cutsOf(bytes: Buffer, position: number): number[] {
  const cuts = new Set([1, Math.floor(bytes.length / 2), bytes.length - 1])
  const toSector = sectorBytes - (position % sectorBytes)
  for (const step of [0, 1, 2, 8, 64]) cuts.add(toSector + step * sectorBytes)
  let record = bytes.indexOf(recordMagic, 1)
  for (let count = 0; record >= 0 && count < 8; count += 1) {
    cuts.add(record)
    cuts.add(record + 20)
    record = bytes.indexOf(recordMagic, record + 1)
  }
  return [...cuts].filter((cut) => cut > 0 && cut < bytes.length)
}

/** How a record of the log begins. */
const recordMagic = Buffer.from([0xc7, 0x4c, 0x52, 0xb1])
