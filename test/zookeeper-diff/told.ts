/** What a client was told, one thing after the other. */
import type { Token } from './decode.ts'

/** Something that a client was told, and behind which action. */
export interface Told {
  readonly action: number
  readonly about: string
  readonly tokens: readonly Token[]
}

/**
 * What goes with a session goes in any order, so that events of one closing are put into order. Where
 * servers do not say of which zxid an event is (3.8), that holds of all deletions in a row.
 */
export function sortDeletions(told: Told[], closings: ReadonlySet<string>): void {
  const placeOf = ({ about, tokens }: Told): string | undefined => {
    const zxid = about === 'event' ? tokens[1]?.value : undefined
    const isDeletion = /deleted|children/.test(tokens[0]?.value ?? '')
    return zxid !== undefined && isDeletion && closings.has(zxid) ? zxid : undefined
  }
  for (let from = 0; from < told.length; from += 1) {
    const place = placeOf(told[from] as Told)
    if (place === undefined) continue
    let end = from + 1
    while (end < told.length && placeOf(told[end] as Told) === place) end += 1
    const row = told.slice(from, end).sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1))
    told.splice(from, row.length, ...row)
    from = end - 1
  }
}

function textOf({ tokens }: Told): string {
  return tokens[0]?.value ?? ''
}
