/**
 * `npm run sim` itself, on sources with a bug in them: it is found, written down, shrunk, and found
 * again on what was written down; on the sources as they are the same tapes break nothing.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseTape } from '@conclave/sim'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findMutant } from '../mutants/all-mutants.ts'
import { buildSimulation, root } from '../mutants/plant.ts'

/** Each command is a process, which compiles what it runs. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const builds = `${root}node_modules/.cache/sim-command-${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'conclave-sim-'))
const tape = join(folder, 'sim-failures/1.json')
const shrunkTape = join(folder, 'sim-failures/1.shrunk.json')

/** Runs the command where its files may be left; of the planted build, or of the sources. */
function sim(build: 'sound' | 'planted', ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(builds, `${build}.mjs`), ...args],
    { cwd: folder, encoding: 'utf8' },
  )
  return { status, output: stdout + stderr }
}

beforeAll(async () => {
  mkdirSync(builds, { recursive: true })
  const entry = 'test/simulation/run.ts'
  await buildSimulation([], join(builds, 'sound.mjs'), entry)
  await buildSimulation(findMutant('M02').edits, join(builds, 'planted.mjs'), entry)
})

afterAll(() => {
  rmSync(builds, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
})

describe('npm run sim', () => {
  test('a seed that finds a bug fails, leaves its tape, and is shrunk', () => {
    const { status, output } = sim('planted', '--seed', '1', '--seconds', '2', '--shrink')

    expect(status).toBe(1)
    expect(output).toContain('seed 1 violates Z12: npm run sim -- --seed 1 --seconds 2')
    expect(output).toContain('written down: npm run sim -- --tape sim-failures/1.json')
    expect(output).toContain('again: npm run sim -- --tape sim-failures/1.shrunk.json --trace')
    const [whole, shrunk] = [tape, shrunkTape].map((path) => parseTape(readFileSync(path, 'utf8')))
    expect(shrunk?.story).toMatch(/^Z12: /)
    const activities = whole?.scenario.activities.length ?? 0
    expect(shrunk?.scenario.activities.length).toBeLessThan(activities)
    expect(readFileSync(join(folder, 'sim-failures/1.txt'), 'utf8')).toContain('Messages')
  })

  test.each([tape, shrunkTape])(
    'a tape finds the bug again, and breaks nothing without it',
    (path) => {
      const again = sim('planted', '--tape', path, '--trace')
      expect(again.status).toBe(1)
      expect(again.output).toContain(`violates Z12: npm run sim -- --tape ${path}`)
      expect(again.output).toMatch(/ > tick nowMs=/)

      const sound = sim('sound', '--tape', path)
      expect(sound).toMatchObject({ status: 0 })
      expect(sound.output).toContain('no invariant violated')
    },
  )

  test('of many seeds each that fails is told, with what runs it again', () => {
    const { status, output } = sim('planted', '--seeds', '3', '--seconds', '1', '--workers', '2')

    expect(status).toBe(1)
    for (const seed of [1, 2, 3]) {
      expect(output).toContain(
        `seed ${seed} violates Z12: npm run sim -- --seed ${seed} --seconds 1`,
      )
    }
    expect(existsSync(join(folder, 'sim-failures/3.json'))).toBe(true)
  })

  test.each([
    ['--seeds', '0'],
    ['--seeds', 'many'],
    ['--workers', '1.5'],
    ['--tape', 'nowhere.json'],
  ])('%s %s runs nothing, and fails', (...args) => {
    const { status, output } = sim('sound', ...args)

    expect(status).toBe(1)
    expect(output).not.toContain('no invariant violated')
  })
})
