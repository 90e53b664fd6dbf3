/** A shrunk failure as a page for a person: what was planned, where all stood, what was said. */
import { describeScenario, type Shrunk } from '@conclave/sim'

export interface PageContent {
  readonly shrunk: Shrunk
  /** How large the scenario was. */
  readonly from: string
  readonly replay: string
}

const chartLegend =
  'seconds, then a column a peer: ->2 leaves for peer 2, <-1 has come from peer 1, ! done to it; without pings'
const traceLegend =
  'seconds, peer (- is the run); > event into the core, < effect out of it, ! the simulator'

/** The whole page. */
export function failurePage({ shrunk, from, replay }: PageContent): string {
  const { scenario, failure, runs, isDone } = shrunk
  const { invariant, detail, at, lines, chart, peers, cause } = failure
  const ended = isDone ? 'nothing more can be left out' : 'there may be more to leave out'
  return [
    `${invariant}: ${detail}`,
    `at ${(at / 1_000_000).toFixed(6)} s. Shrunk in ${runs} runs from ${from}; ${ended}.`,
    `again: ${replay} --trace`,
    ...(cause === null ? [] : [cause]),
    ...part('What is planned', describeScenario(scenario)),
    ...part('Where each peer stands then', peers),
    ...part(`Messages (${chartLegend})`, chart),
    ...part(`Trace (${traceLegend}; more in docs/testing.md)`, lines),
    ...part('As a test, once the tape is in test/simulation/tapes and has its story', [
      testText(scenario.name, `${invariant}: ${detail}`),
    ]),
    '',
  ].join('\n')
}

function part(title: string, lines: readonly string[]): readonly string[] {
  return ['', title, '', ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)]
}

/** A test file of its own; tapes.test.ts runs every tape of the folder in the same way. */
function testText(name: string, story: string): string {
  return `import { readFileSync } from 'node:fs'
import { parseTape, realMachine, simulate } from '@conclave/sim'
import { pageCodec } from '@conclave/storage'
import { expect, test } from 'vitest'

test(${JSON.stringify(story)}, () => {
  const tape = parseTape(readFileSync('test/simulation/tapes/${name}.json', 'utf8'))

  expect(simulate(tape.scenario, { machine: realMachine(pageCodec) }).failure).toBeNull()
})`
}
