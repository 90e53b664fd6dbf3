/**
 * A log that loses power again and again, in the middle of anything, on a disk that keeps no more
 * than POSIX promises: whatever was acknowledged is there, in order, and nothing is ever damage.
 */
import { samePageEnd, type LogRecord, type PageEnd } from '@conclave/core/internal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { History } from '../../src/suite-history.ts'
import { settled } from '../manual-clock.ts'
import { MemoryFiles, type Tear } from '../memory-files.ts'
import { openLog, readAll, type OpenedLog } from './open-log.ts'

/** What the log should come to after some number of appends. */
interface Model {
  readonly ends: readonly PageEnd[]
  readonly start: PageEnd
  readonly acceptedEpoch: number
}

const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), pages: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('install' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hold' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('idle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      tear: fc.infiniteStream(fc.boolean()),
    }),
  },
)

/** Lets some blocks of the write under way reach the disk, and not others. */
function tearBy(blocks: Iterator<boolean>): Tear {
  return (write) => {
    const there: boolean[] = []
    while (there.length < write.length) {
      const isThere = blocks.next().value === true
      for (let count = 0; count < 24 && there.length < write.length; count += 1) there.push(isThere)
    }
    return there
  }
}

class Life {
  files: MemoryFiles
  opened!: OpenedLog
  #seq = 0
  /** What the log comes to after each append since it was opened; the first is what was found. */
  #models: Model[] = []
  #acknowledged = 0
  #epoch = 1

  constructor(durableWrites: boolean) {
    this.files = new MemoryFiles({ durableWrites })
  }

  async open(): Promise<void> {
    this.opened = await openLog(this.files, { limits: { segmentBytes: 500, maxWriteBytes: 600 } })
    const { pageEnds, start, acceptedEpoch } = this.opened.log.recovered
    const found = { ends: pageEnds, start, acceptedEpoch }
    if (this.#models.length > 0) this.#check(found)
    const pages = await readAll(this.opened.log)
    expect(pages.map(({ last, crc }) => ({ last, crc }))).toEqual(pageEnds)
    this.#models = [found]
    this.#seq = 0
  }

  get #last(): Model {
    return this.#models.at(-1) as Model
  }

  get #end(): PageEnd {
    return this.#last.ends.at(-1) ?? this.#last.start
  }

  /** What was found is what some number of appends come to, no fewer than were acknowledged. */
  #check(found: Model): void {
    const possible = this.#models.slice(this.#acknowledged)
    // A purge moves the start; pages before it are gone for good reasons.
    const isFound = possible.some(
      (model) =>
        model.acceptedEpoch === found.acceptedEpoch &&
        (samePageEnd(model.start, found.start) ||
          model.ends.some((end) => samePageEnd(end, found.start))) &&
        JSON.stringify(model.ends.filter(({ last }) => last > found.start.last)) ===
          JSON.stringify(found.ends),
    )
    expect(isFound, 'Z12: what was acknowledged is found again').toBe(true)
  }

  /** To be called when the log stops: it counts from 0 when it is opened again. */
  noteAcknowledged(): void {
    this.#acknowledged = this.opened.told.lastSynced
  }

  append(count: number): void {
    this.#epoch += 1
    const records: LogRecord[] = [{ type: 'accepted-epoch', epoch: this.#nextEpoch(), leader: 1 }]
    const history = new History(this.#nextEpoch(), this.#end)
    const ends = [...this.#last.ends]
    for (let index = 0; index < count; index += 1) {
      const page = history.page(1, 40 * index)
      records.push({ type: 'page', page })
      ends.push({ last: page.last, crc: page.crc })
    }
    this.#add(records, { ...this.#last, ends, acceptedEpoch: this.#nextEpoch() })
  }

  #nextEpoch(): number {
    return Math.max(this.#epoch, this.#last.acceptedEpoch + 1)
  }

  truncate(back: number): void {
    const ends = this.#last.ends.slice(0, Math.max(0, this.#last.ends.length - back))
    const to = ends.at(-1) ?? this.#last.start
    this.#add([{ type: 'truncate', to }], { ...this.#last, ends })
  }

  install(): void {
    const page = new History(this.#nextEpoch(), this.#end).page()
    const at = { last: page.last, crc: page.crc }
    this.#add([{ type: 'snapshot-installed', at }], { ...this.#last, ends: [], start: at })
  }

  #add(records: LogRecord[], model: Model): void {
    this.#seq += 1
    this.opened.log.append(this.#seq, records)
    this.#models.push(model)
  }

  purge(): void {
    this.opened.log.purge(this.#end.last)
  }
}

test.each([true, false])(
  'Z12: power may fail at any time (durable writes: %s)',
  async (durableWrites) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const life = new Life(durableWrites)
        await life.open()
        for (const step of steps) {
          switch (step.do) {
            case 'append':
              life.append(step.pages)
              break
            case 'truncate':
              life.truncate(step.back)
              break
            case 'install':
              life.install()
              break
            case 'purge':
              life.purge()
              break
            case 'hold':
              life.files.hold()
              break
            case 'wait':
              await settled()
              break
            case 'idle':
              life.files.release()
              await settled()
              life.opened.clock.pass(1000)
              life.opened.clock.pass(1000)
              break
            case 'close':
              life.files.release()
              await life.opened.log.close()
              life.noteAcknowledged()
              await life.open()
              break
            case 'kill':
              life.noteAcknowledged()
              life.files = life.files.kill()
              await life.open()
              break
            case 'crash':
              life.noteAcknowledged()
              life.files = life.files.crash(
                tearBy(step.tear),
                () => step.tear.next().value === true,
              )
              await life.open()
              break
          }
          expect(life.opened.told.failures).toEqual([])
        }
      }),
      { numRuns: 200 },
    )
  },
  20_000,
)
