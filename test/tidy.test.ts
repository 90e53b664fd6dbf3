/**
 * The architecture, as a test: who may import whom, what may appear where, and how long things may
 * grow. Every test gathers all that offends, so that one run tells it all.
 */
import { posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import {
  importsOf,
  listFiles,
  nodesOf,
  parseSource,
  placeOf,
  readManifest,
  readText,
} from './source-files.ts'

const siblings = ['storage', 'net', 'recipes', 'zookeeper', 'sim']
/** Which packages a package may import, by the name of its folder. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ...Object.fromEntries(siblings.map((name) => [name, ['core']])),
  conclave: ['core', ...siblings],
  cli: ['conclave'],
}
/** What a package may import from outside; nothing else at runtime without an ADR. */
const mayDependOn: Readonly<Record<string, readonly string[]>> = {
  storage: ['level', 'msgpackr'],
  net: ['msgpackr'],
}
/** Packages that touch nothing: no clock, randomness, disk, socket, promise, Node API. */
const pure = ['core', 'sim']
/** Files over 400 lines, at the length they have. A number here may fall, never rise. */
const longFiles: Readonly<Record<string, number>> = {}
/** Functions over 70 lines, as `file name`, at the length they have. The same holds. */
const longFunctions: Readonly<Record<string, number>> = {}

const files = listFiles()
const sources = files.filter((path) => path.endsWith('.ts')).map(parseSource)
const inPackages = sources.filter((file) => /^packages\/[^/]+\/src\//.test(file.fileName))

const packageTests = sources
  .filter((file) => /^packages\/[^/]+\/test\//.test(file.fileName))
  .map((file) => ({ fileName: file.fileName, imports: importsOf(file) }))

function packageOf(path: string): string {
  return path.split('/')[1] ?? ''
}

/** The folder of the package that an import names, if it names one of ours. */
function ownPackage(target: string): string | undefined {
  if (target === 'conclave' || target.startsWith('conclave/')) return 'conclave'
  return /^@conclave\/([^/]+)/.exec(target)?.[1]
}

/** What any test may import besides. */
const testTools = ['vitest', 'fast-check']

/** True when a file of `name` may import `target`, written as it is. */
function isWithTheGrain(name: string, file: string, target: string): boolean {
  if (target.startsWith('.')) {
    const resolved = posix.join(posix.dirname(file), target)
    return resolved.startsWith(`packages/${name}/src/`) && target.endsWith('.ts')
  }
  if (target.startsWith('node:')) return !pure.includes(name)
  const own = ownPackage(target)
  if (own !== undefined) return mayImport[name]?.includes(own) ?? false
  return mayDependOn[name]?.some((one) => target === one || target.startsWith(`${one}/`)) ?? false
}

describe('direction', () => {
  test('a package imports only what lies below it, and what it declares', () => {
    const strays: string[] = []
    for (const file of inPackages) {
      const name = packageOf(file.fileName)
      const declared = readManifest(`packages/${name}/package.json`).dependencies ?? {}
      for (const target of importsOf(file)) {
        if (!isWithTheGrain(name, file.fileName, target)) {
          strays.push(`${file.fileName} imports ${target}`)
        } else if (!/^(\.|node:)/.test(target)) {
          const [dependency] = /^(?:@[^/]+\/)?[^/]+/.exec(target) ?? ['']
          if (!(dependency in declared)) strays.push(`${name} does not declare ${dependency}`)
        }
      }
    }

    expect(strays, 'imports against the grain').toEqual([])
  })

  test("a package's tests import that package, what it may import, and the test tools", () => {
    const strays: string[] = []
    for (const { fileName, imports } of packageTests) {
      const name = packageOf(fileName)
      const strange = imports.filter((target) => {
        if (target.startsWith('.')) {
          return !posix.join(posix.dirname(fileName), target).startsWith(`packages/${name}/`)
        }
        if (target.startsWith('node:') || testTools.includes(target)) return false
        return ownPackage(target) !== name && !isWithTheGrain(name, fileName, target)
      })
      strays.push(...strange.map((target) => `${fileName} imports ${target}`))
    }

    expect(strays).toEqual([])
  })

  test('the models of the simulator and of the differential share no code with the core', () => {
    const judges = /^(packages\/sim\/src\/(model|histories)|test\/differential\/model)\//
    const shared = sources
      .filter((file) => judges.test(file.fileName))
      .flatMap((file) =>
        file.statements.filter(
          (statement) =>
            ts.isImportDeclaration(statement) &&
            statement.moduleSpecifier.getText(file).includes('@conclave/core') &&
            statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword,
        ),
      )

    expect(shared.map((one) => one.getText())).toEqual([])
  })

  test('only the testing subpath loads the simulator, and only tests load that', () => {
    const isOfKit = (path: string): boolean => /^packages\/conclave\/src\/testing[./]/.test(path)
    const loaders = inPackages
      .filter((file) => packageOf(file.fileName) === 'conclave' && !isOfKit(file.fileName))
      .filter((file) =>
        importsOf(file).some((target) => /^(@conclave\/sim|\.\/testing)\b/.test(target)),
      )

    expect(loaders.map((file) => file.fileName)).toEqual([])
  })

  test('every package is built after the packages it depends on', () => {
    const wrong: string[] = []
    const built = JSON.parse(readText('tsconfig.build.json')) as { references: { path: string }[] }
    const order = built.references.map((one) => one.path.replace('packages/', ''))
    for (const manifest of files.filter((path) => /^packages\/[^/]+\/package\.json$/.test(path))) {
      const name = packageOf(manifest)
      if (!order.includes(name)) wrong.push(`tsconfig.build.json lacks ${name}`)
      const config = JSON.parse(readText(`packages/${name}/tsconfig.json`)) as {
        references?: { path: string }[]
      }
      const referred = (config.references ?? []).map((one) => one.path.replace('../', '')).sort()
      const needed = Object.keys(readManifest(manifest).dependencies ?? {})
        .map(ownPackage)
        .filter((one) => one !== undefined)
        .sort()
      if (referred.join() !== needed.join()) {
        wrong.push(`${name} refers to ${referred.join()}, depends on ${needed.join()}`)
      }
    }

    expect(wrong).toEqual([])
  })
})

/** What would make a replay differ from the run, as far as it is one word of the language. */
const impureNames = new Set(['Date', 'WeakRef', 'FinalizationRegistry', 'Intl', 'localeCompare'])

function isImpure(node: ts.Node): boolean {
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) return true
  if (ts.isIdentifier(node)) return impureNames.has(node.text)
  return (
    ts.isPropertyAccessExpression(node) &&
    node.name.text === 'random' &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'Math'
  )
}

describe('purity', () => {
  test('core and sim take time, randomness and everything else as input', () => {
    const impure = inPackages
      .filter((file) => pure.includes(packageOf(file.fileName)))
      .flatMap((file) =>
        nodesOf(file)
          .filter(isImpure)
          .map((node) => `${placeOf(file, node)} ${node.getText(file).slice(0, 40)}`),
      )

    expect(impure).toEqual([])
  })

  test('core never looks at where it runs: no Node API, no import but its own', () => {
    const strays = inPackages
      .filter((file) => packageOf(file.fileName) === 'core')
      .flatMap((file) => importsOf(file).filter((target) => !target.startsWith('.')))

    expect(strays).toEqual([])
  })
})

/** The name of a function as a reader would look for it. */
function nameOf(node: ts.FunctionLikeDeclaration, file: ts.SourceFile): string {
  if (node.name !== undefined) return node.name.getText(file)
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  const { parent } = node
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
    return parent.name.getText(file)
  }
  if (ts.isCallExpression(parent)) return parent.arguments[0]?.getText(file).slice(0, 60) ?? ''
  return ''
}

/** True of the function that only holds tests together: what `describe` is given, or a port's suite. */
function isSuite(node: ts.FunctionLikeDeclaration, file: ts.SourceFile): boolean {
  const describes = (one: ts.Node): boolean =>
    ts.isCallExpression(one) && /^describe\b/.test(one.expression.getText(file))
  if (describes(node.parent)) return true
  if (node.body === undefined || !ts.isBlock(node.body)) return false
  return node.body.statements.some(
    (statement) => ts.isExpressionStatement(statement) && describes(statement.expression),
  )
}

function lineCount(file: ts.SourceFile, from: number, to: number): number {
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line
  return lineAt(to) - lineAt(from) + 1
}

describe('length', () => {
  test('a file wants at most 400 lines', () => {
    const long = sources
      .map((file) => [file.fileName, file.text.split('\n').length - 1] as const)
      .filter(([path, lines]) => lines > (longFiles[path] ?? 400))

    expect(long, 'files that want to be two').toEqual([])
  })

  test('a function wants at most 70 lines', () => {
    const long: string[] = []
    for (const file of sources) {
      for (const node of nodesOf(file)) {
        if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) continue
        if (isSuite(node, file)) continue
        const key = `${file.fileName} ${nameOf(node, file)}`
        const lines = lineCount(file, node.getStart(file), node.end)
        if (lines > (longFunctions[key] ?? 70)) long.push(`${key}: ${lines}`)
      }
    }

    expect(long, 'functions that want to be two').toEqual([])
  })

  test('the ratchet holds no file that is gone', () => {
    const held = [...Object.keys(longFiles), ...Object.keys(longFunctions)]

    expect(held.filter((key) => !files.includes(key.split(' ')[0] ?? ''))).toEqual([])
  })
})

/** Spelled in halves, or this file would offend. */
const unfinished = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`,
)
const vagueNames =
  /(^|\/)(utils?|helpers?|common|shared|misc|types|constants)(\.|\/|$)|manager|-(handler|impl|base|service)\./i

describe('words', () => {
  test('nothing is left for later inside the code', () => {
    const left = files
      .filter((path) => !path.endsWith('package-lock.json'))
      .filter((path) => unfinished.test(readText(path)))

    expect(left).toEqual([])
  })

  test('a file is named for what it holds, in kebab case', () => {
    const vague = sources
      .map((file) => file.fileName)
      .filter((path) => vagueNames.test(path) || !/^[a-z0-9./-]+$/.test(path))

    expect(vague).toEqual([])
  })

  test('the ensemble is never called a cluster', () => {
    const said = inPackages
      .filter((file) => /cluster/i.test(file.text))
      .map((file) => file.fileName)

    expect(said).toEqual([])
  })

  test('every source file says first what it is', () => {
    const silent = inPackages.filter((file) => !/^(#!.*\n)?\/\*\*/.test(file.text))

    expect(silent.map((file) => file.fileName)).toEqual([])
  })

  test('every decision that is named is written down', () => {
    const records = files.filter((path) => path.startsWith('docs/decisions/'))
    const missing = files
      .filter((path) => /\.(ts|md)$/.test(path))
      .flatMap((path) => [...readText(path).matchAll(/\bADR (\d{4})\b/g)].map((match) => match[1]))
      .filter((number) => !records.some((path) => path.includes(`/${number ?? ''}-`)))

    expect(missing).toEqual([])
  })

  test('what the map of the sources names is there, each file once', () => {
    const [, map = ''] = readText('docs/ARCHITECTURE.md').split('## Map')
    const wrong: string[] = []
    for (const [, folder = '', table = ''] of map.matchAll(/^### (packages\/\S+)$([^#]*)/gm)) {
      const named = [...table.matchAll(/`([\w/-]+\.ts|[\w-]+\/)`/g)].map((match) => match[1] ?? '')
      for (const name of named) {
        const path = `${folder}/${name}`
        const isThere = files.some((file) =>
          name.endsWith('/') ? file.startsWith(path) : file === path,
        )
        if (!isThere || named.filter((one) => one === name).length > 1) wrong.push(path)
      }
    }

    expect(wrong).toEqual([])
  })

  test('no banners', () => {
    const banners = sources.filter((file) => /^\s*(\/\/|\*)\s*[-=*#/]{4,}/m.test(file.text))

    expect(banners.map((file) => file.fileName)).toEqual([])
  })

  test('every export is named, one by one', () => {
    const nameless: string[] = []
    for (const file of sources.filter((one) => !one.fileName.endsWith('.config.ts'))) {
      for (const node of nodesOf(file)) {
        const isStar = ts.isExportDeclaration(node) && node.exportClause === undefined
        const isDefault =
          ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword
            ? !ts.isDefaultClause(node.parent)
            : false
        if (isStar || isDefault) nameless.push(placeOf(file, node))
      }
    }

    expect(nameless).toEqual([])
  })

  test('every test runs, and runs once', () => {
    const excuses = /\b(it|test|describe)\.(skip|only|todo|fails)\b|\bretry:/
    const excused = sources.filter(
      (file) => file.fileName.endsWith('.test.ts') && excuses.test(file.text),
    )

    expect(
      excused.map((file) => file.fileName).filter((path) => path !== 'test/tidy.test.ts'),
    ).toEqual([])
  })
})

describe('scripts', () => {
  test('every script runs a file that is there', () => {
    const scripts = Object.values(readManifest('package.json').scripts ?? {})
    const named = scripts.flatMap((script) => script.match(/\S+\.ts\b/g) ?? [])

    expect(named.filter((path) => !files.includes(path))).toEqual([])
  })
})

describe('versions', () => {
  const manifests = files.filter((path) => /^(packages\/[^/]+\/)?package\.json$/.test(path))

  test('all packages carry one version, and depend on each other at it', () => {
    const { version } = readManifest('package.json')
    const others = manifests.filter((path) => readManifest(path).version !== version)
    const loose = manifests.flatMap((path) =>
      Object.entries(readManifest(path).dependencies ?? {})
        .filter(([name, wanted]) => ownPackage(name) !== undefined && wanted !== version)
        .map(([name, wanted]) => `${path}: ${name} ${wanted}`),
    )

    expect([...others, ...loose]).toEqual([])
  })

  test('every dependency has one exact version', () => {
    const seen = new Map<string, string>()
    const loose: string[] = []
    for (const path of manifests) {
      const { dependencies, devDependencies } = readManifest(path)
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        const isExact = /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)
        if (!isExact || (seen.get(name) ?? version) !== version) {
          loose.push(`${path}: ${name} ${version}`)
        }
        seen.set(name, version)
      }
    }

    expect(loose).toEqual([])
  })

  test('the lockfile names no host', () => {
    expect(readText('package-lock.json')).not.toMatch(/"resolved": "\w+:/)
  })
})
