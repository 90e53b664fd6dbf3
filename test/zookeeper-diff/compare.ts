/**
 * Holds what two servers said against each other. Zxids have to correspond, one to one and in the same
 * order, over the whole run; times have to be of about the same moment; everything else is the same.
 */
import { Correspondence } from './correspondence.ts'
import type { Token } from './decode.ts'
import type { Transcript } from './run-program.ts'
import type { Told } from './told.ts'

export interface Difference {
  readonly stream: string
  readonly action: number
  readonly about: string
  /** The field that differs. */
  readonly field: string
  readonly ours: string
  readonly theirs: string
}

const sameMomentMs = 60_000

export class Comparison {
  readonly #zxids = new Correspondence()

  /** The first difference, by the actions of the program. */
  compare(ours: Transcript, theirs: Transcript): Difference | null {
    let first: Difference | null = null
    for (const stream of new Set([...ours.streams.keys(), ...theirs.streams.keys()])) {
      const found = this.#compareStream(
        stream,
        ours.streams.get(stream) ?? [],
        theirs.streams.get(stream) ?? [],
      )
      if (found !== null && (first === null || found.action < first.action)) first = found
    }
    return first
  }

  #compareStream(
    stream: string,
    ours: readonly Told[],
    theirs: readonly Told[],
  ): Difference | null {
    for (let index = 0; index < Math.max(ours.length, theirs.length); index += 1) {
      const one = ours[index]
      const other = theirs[index]
      const told = one ?? other
      if (told === undefined) return null
      const field = this.#differs(one, other)
      if (field === null) continue
      return {
        stream,
        action: Math.min(one?.action ?? Infinity, other?.action ?? Infinity),
        about: told.about,
        field,
        ours: show(one),
        theirs: show(other),
      }
    }
    return null
  }

  /** The field in which they differ. */
  #differs(one: Told | undefined, other: Told | undefined): string | null {
    if (one === undefined || other === undefined) return 'one has none'
    if (one.about !== other.about) return 'another answer'
    const count = Math.max(one.tokens.length, other.tokens.length)
    for (let index = 0; index < count; index += 1) {
      const ours = one.tokens[index]
      const theirs = other.tokens[index]
      if (ours === undefined || theirs === undefined || !this.#isSame(ours, theirs)) {
        return (ours ?? theirs)?.name ?? ''
      }
    }
    return null
  }

  #isSame(ours: Token, theirs: Token): boolean {
    if (ours.name !== theirs.name) return false
    switch (ours.kind) {
      case 'plain':
        return ours.value === theirs.value
      case 'time': {
        const apart = Math.abs(Number(ours.value) - Number(theirs.value))
        return apart < sameMomentMs
      }
      case 'zxid':
        return this.#zxids.isSame(Number(ours.value), Number(theirs.value))
      case 'position':
        return this.#zxids.isSamePosition(Number(ours.value), Number(theirs.value))
    }
  }
}

function show(told: Told | undefined): string {
  if (told === undefined) return 'nothing'
  return `${told.about}: ${told.tokens.map(({ name, value }) => `${name} ${value}`).join(', ')}`
}
