/**
 * Packs every package, installs the tarballs into an empty project as an application would, imports
 * and type-checks them there, and runs a test of a service on the kit: what is published is `dist`,
 * and this is the only place that looks at it.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const project = mkdtempSync(join(tmpdir(), 'conclave-built-'))

function run(command, args, cwd) {
  console.log(`$ ${command} ${args.join(' ')}`)
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Every subpath that a package exports to everybody. */
function entriesOf(manifest) {
  return Object.keys(manifest.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => manifest.name + subpath.slice(1))
}

/** A test of a service, in the language that Node itself runs. */
const serviceTest = `
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensemble } from 'conclave/testing'

test('a write outlives the loss of its leader', async () => {
  const group = await ensemble({ seed: 7 })
  try {
    const { id } = group.leader
    const session = await group.peers.find((peer) => peer.id !== id).session()
    group.crash(id)
    await session.create('/a')
    assert.deepEqual(await session.children('/'), ['a', 'zookeeper'])
    group.checkHistory()
  } finally {
    await group.close()
  }
})
`

try {
  const manifests = readdirSync(join(root, 'packages')).map((name) =>
    JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')),
  )
  run('npm', ['pack', '--workspaces', '--silent', '--pack-destination', project], root)
  const tarballs = readdirSync(project).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  const fromCache = ['--prefer-offline', '--no-audit', '--no-fund']
  run('npm', ['install', ...fromCache, ...tarballs.map((name) => `./${name}`)], project)

  const entries = manifests.flatMap(entriesOf)
  for (const entry of entries) {
    const script = `const names = Object.keys(await import('${entry}')); console.log('${entry}:', names.length, 'names')`
    process.stdout.write(run('node', ['--input-type=module', '--eval', script], project))
  }

  writeFileSync(join(project, 'service.test.mjs'), serviceTest)
  run('node', ['--test', 'service.test.mjs'], project)

  // The declarations must stand without our sources and our compiler settings.
  writeFileSync(
    join(project, 'consumer.ts'),
    entries.map((entry, at) => `export * as entry${at} from '${entry}'\n`).join(''),
  )
  const settings = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext']
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
  const library = ['--lib', 'es2023,esnext.disposable']
  run(
    join(root, 'node_modules/.bin/tsc'),
    [...settings, ...library, ...types, 'consumer.ts'],
    project,
  )
  console.log(`${manifests.length} packages import and type-check from their tarballs`)
} finally {
  rmSync(project, { recursive: true, force: true })
}
