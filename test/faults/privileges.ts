/** What a scenario needs of the machine beyond Node, and whether it is there. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { EnsembleShape } from './ensemble.ts'

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Names what is lacking for such an ensemble; nothing when it can be had. */
export function lackingFor({ network, shim, diskMib }: EnsembleShape): string[] {
  const lacking: string[] = []
  const needs = (...programs: readonly string[]): void => {
    for (const program of programs) if (!isInstalled(program)) lacking.push(program)
  }
  const isRoot = process.getuid?.() === 0
  if ((network === 'namespaces' || diskMib !== undefined) && !isRoot) lacking.push('root')
  if (network === 'namespaces') needs('ip', 'tc', 'nft')
  if (diskMib !== undefined) needs('mount', 'umount')
  if (shim === true) needs('cc')
  needs('prlimit')
  return lacking
}
