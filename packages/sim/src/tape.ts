/**
 * A tape: a scenario written down, with what is told of it. A seed means another run as soon as
 * anything is drawn otherwise; a tape goes on to mean the same.
 */
import type { Scenario } from './scenario.ts'
import { scenarioShape } from './scenario-shape.ts'
import { oneOf, recordOf, ShapeError, text, type Shape } from './shapes.ts'

/** The format that is written. A field that was not always there says what its absence means. */
const tapeVersion = 1

export interface Tape {
  /** What it shows: of a regression, the bug that it found. */
  readonly story: string
  readonly scenario: Scenario
}

interface WrittenTape extends Tape {
  readonly version: typeof tapeVersion
}

const tapeShape: Shape<WrittenTape> = recordOf<WrittenTape>({
  version: oneOf([tapeVersion]),
  story: text,
  scenario: scenarioShape,
})

/** As text: what is planned has a line each, so that a difference can be read. */
export function formatTape({ story, scenario }: Tape): string {
  const { faults, activities, ...rest } = scenario
  const head = JSON.stringify({ version: tapeVersion, story }, null, 2).slice(0, -2)
  const settings = Object.entries(rest).map(([name, value]) => `    ${line(name, value)}`)
  const plans = Object.entries({ faults, activities }).map(([name, list]) => {
    const items = list.map((one) => `\n      ${JSON.stringify(one)}`).join(',')
    return `    ${JSON.stringify(name)}: [${items}${items === '' ? '' : '\n    '}]`
  })
  return `${head},\n  "scenario": {\n${[...settings, ...plans].join(',\n')}\n  }\n}\n`
}

function line(name: string, value: unknown): string {
  return `${JSON.stringify(name)}: ${JSON.stringify(value)}`
}

/** Reads what `formatTape` wrote. Throws a `ShapeError` that says what does not fit, and where. */
export function parseTape(written: string): Tape {
  let value: unknown
  try {
    value = JSON.parse(written)
  } catch (error) {
    throw new ShapeError(`tape: wants JSON: ${String(error)}`)
  }
  const { story, scenario } = tapeShape(value, 'tape')
  return { story, scenario }
}
