/**
 * The repository as the tests about it see it: every file that is ours, as text and, for
 * TypeScript, as a syntax tree. What the build makes and what npm brings is not ours.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The top of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const notOurs = new Set(['node_modules', 'dist', 'data', 'coverage', '.git', '.tmp'])

/** The paths of our files, relative to the top, with `/` between, in a fixed order. */
export function listFiles(): string[] {
  const found: string[] = []
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (notOurs.has(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) visit(path)
      else if (entry.isFile()) found.push(path)
    }
  }
  visit('')
  return found.sort()
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A package.json, as far as the tests look into it. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readText(path)) as Manifest
}

/** A TypeScript file, parsed. `node.parent` is set. */
export function parseSource(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readText(path), ts.ScriptTarget.ES2022, true)
}

const nodesOfFile = new WeakMap<ts.SourceFile, readonly ts.Node[]>()

/** Every node of a file, outermost first. */
export function nodesOf(file: ts.SourceFile): readonly ts.Node[] {
  const known = nodesOfFile.get(file)
  if (known !== undefined) return known
  const nodes: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    nodes.push(node)
    node.forEachChild(visit)
  }
  visit(file)
  nodesOfFile.set(file, nodes)
  return nodes
}

/** Where a node begins, for a failure to print: `packages/core/src/zxid.ts:12`. */
export function placeOf(file: ts.SourceFile, node: ts.Node): string {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
  return `${file.fileName}:${line + 1}`
}

/** What a file imports or re-exports from, types too, statically or not. */
export function importsOf(file: ts.SourceFile): string[] {
  const targets: string[] = []
  for (const node of nodesOf(file)) {
    let target: ts.Node | undefined
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) target = node.moduleSpecifier
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      target = node.argument.literal
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      target = node.arguments[0]
    }
    if (target !== undefined && ts.isStringLiteralLike(target)) targets.push(target.text)
  }
  return targets
}
