/** What came of the mutants, as it is printed and as it is written to docs/mutants.md. */
import { medianOf, risen } from './medians.ts'
import type { Mutant } from './mutant.ts'
import type { Finding, Sweep, Trial, TrialOptions } from './trial.ts'

/** Rows of the table that mutants are planted for; M13+M14 stands for two. */
const rowCount = 50

/** One mutant, in a line; what nobody expected, in lines behind it. */
export function lineOf({ mutant, fixed, fresh, ms }: Trial): string {
  const { id, bug } = mutant
  const kill = fixed.kills[0]
  const found =
    kill === undefined ? 'NOT FOUND' : namesOf([...fixed.kills, ...(fresh?.kills ?? [])])
  const seeds = kill?.seed === undefined || kill.seed === null ? '' : `, seed ${kill.seed}`
  const median =
    fresh === null ? '' : `, median ${medianOf(gapsOf(fixed, fresh)) ?? 'unknown'} seeds`
  const strays = [...fixed.strays, ...(fresh?.strays ?? [])]
  const lines = [`${id.padEnd(8)} ${found}${seeds}${median}, ${(ms / 1_000).toFixed(1)} s: ${bug}`]
  if (strays.length > 0) lines.push(`         besides: ${namesOf(strays)}`)
  return lines.join('\n')
}

/** Everything together, and whether it is as it must be; `recorded` are the medians of before. */
export function summaryOf(
  trials: readonly Trial[],
  faults: readonly string[],
  recorded: ReadonlyMap<string, number> = new Map(),
): { readonly text: string; readonly passed: boolean } {
  const planted = trials.filter(({ mutant }) => mutant.edits.length > 0)
  const missed = planted.filter(({ fixed }) => fixed.kills.length === 0)
  const controls = trials.filter(({ mutant }) => mutant.edits.length === 0)
  const noisy = controls.filter(({ fixed }) => fixed.kills.length + fixed.strays.length > 0)
  const slower = risen(planted, recorded)
  const rows = rowsOf(planted.filter((trial) => !missed.includes(trial)))
  const lines = [
    `${planted.length} mutants planted, ${planted.length - missed.length} found; ` +
      `of the table's ${rowCount} rows ${rows.size} are found`,
    ...missed.map(({ mutant }) => `not found: ${mutant.id}: ${mutant.bug}`),
    ...noisy.map(
      ({ mutant, fixed }) => `without any mutant, ${mutant.bug}: ${namesOf(fixed.strays)}`,
    ),
    ...slower,
    ...faults,
  ]
  const wrong = missed.length + noisy.length + slower.length + faults.length
  return { text: lines.join('\n'), passed: wrong === 0 }
}

/** The rows of the table that mutants stand for. */
function rowsOf(trials: readonly Trial[]): Set<string> {
  return new Set(trials.flatMap(({ mutant }) => mutant.id.match(/\bM\d\d/g) ?? []))
}

/** docs/mutants.md. */
export function documentOf(trials: readonly Trial[], { fresh }: TrialOptions): string {
  const planted = trials.filter(({ mutant }) => mutant.edits.length > 0)
  const { text } = summaryOf(trials, [])
  const sweeps = planted.map((trial) => trial.fresh).filter((one) => one !== null)
  const fixed = planted.reduce((sum, one) => sum + one.fixed.seeds, 0)
  const seeds = sweeps.reduce((sum, one) => sum + one.seeds, fixed)
  const measured =
    fresh === null
      ? 'No fresh seeds were tried.'
      : `Seeds: the median of those that a kill took, over so many kills: the one in the fixed seeds, and ` +
        `up to ${fresh.kills} in fresh ones from ${fresh.first} on, which are tried for ` +
        `${Math.round(fresh.ms / 1_000)} s at most; ${seeds} seeds in all.`
  return `# Mutants

Written by \`npm run mutants -- --write\`. ${text.split('\n')[0] ?? ''}.
${measured}
How to read it, and how to add one: [testing.md](testing.md#mutants).

M: the table of planted bugs that this project set out with. CM: bugs in the checkers themselves.
X: rules of Conclave's own. Several mutants of one row have a letter. *Masked* says which other
defence was taken away as well, so that the bug can show. *By*: \`simulator\`, its checks from
outside; \`assertion\`, the core's own; \`peer\`, which stopped itself and named the rule; \`test\`.

| | planted bug | seen before | found as | by | seeds | kills |
|---|---|---|---|---|---|---|
${planted.map(rowOf).join('\n')}
`
}

function rowOf({ mutant, fixed, fresh }: Trial): string {
  const { id, origin, found } = mutant
  const kills = [...fixed.kills, ...(fresh?.kills ?? [])]
  const name =
    found.type === 'tests'
      ? `${mutant.expects.join(', ')}: \`${found.file.replace(/^packages\//, '')}\``
      : kills.length === 0
        ? '**not found**'
        : [...new Set(kills.map((kill) => kill.name))].join(', ')
  const by = [...new Set(kills.map((kill) => kill.by))].join(', ')
  const how = found.type === 'tests' || found.scenario === 'swarm' ? '' : ` (${found.scenario})`
  const gaps = gapsOf(fixed, fresh)
  const seeds = gaps.length === 0 ? '' : `${medianOf(gaps) ?? ''}${how}`
  const count = gaps.length === 0 ? '' : String(gaps.length)
  return `| ${[id, bugOf(mutant), origin, name, by, seeds, count].join(' | ')} |`
}

function bugOf({ bug, mask }: Mutant): string {
  return mask === undefined ? bug : `${bug}. *Masked*: ${mask}`
}

/** How many seeds each kill took. */
function gapsOf(fixed: Sweep, fresh: Sweep | null): readonly number[] {
  return [...fixed.seedsToKill, ...(fresh?.seedsToKill ?? [])]
}

/** What was found, the most frequent first: `Z9 by simulator ×3`. */
function namesOf(findings: readonly Finding[]): string {
  const counts = new Map<string, number>()
  for (const { name, by } of findings) {
    const key = `${name} by ${by}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => (count === 1 ? key : `${key} ×${count}`))
    .join(', ')
}
