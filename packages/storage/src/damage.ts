/**
 * Setting a damaged store aside. What was damaged is never mended: it is moved out of the way, for
 * whoever wants to look at it, and the peer begins anew with a store that says so (Z19).
 *
 * A crash at any point leaves a directory whose `conclave.json` says what was going on, and the next
 * start does all of it again.
 */
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Directory } from './directory.ts'
import {
  isMissing,
  makeDirectory,
  pooledFiles,
  removeDirectory,
  replaceFile,
  syncDirectory,
} from './files.ts'
import type { StoreClock } from './store-clock.ts'

/** What is set aside and made anew. */
const storeParts = ['log', 'snapshot'] as const

/** Notes that the store is damaged, and moves it aside. The note stays: see `forgetDamage`. */
export async function setAside(
  directory: Directory,
  reason: string,
  clock: Pick<StoreClock, 'wallMs'>,
): Promise<void> {
  const names = await pooledFiles.list(directory.path)
  const to = (await keepsEarlier(directory, names)) ? null : newName(names, clock)
  await directory.change({ settingAside: { reason, to } })
  await finishSettingAside(directory)
}

/**
 * What was made anew and damaged before it was healed is worth nothing beside what it replaced: as
 * long as that is there. Whoever moved it back has it in the place of what was made anew.
 */
async function keepsEarlier(directory: Directory, names: readonly string[]): Promise<boolean> {
  if (!directory.identity.unhealed) return false
  for (const name of names.filter((one) => one.startsWith('damaged-'))) {
    const kept = await pooledFiles.list(join(directory.path, name))
    if (storeParts.some((part) => kept.includes(part))) return true
  }
  return false
}

function newName(names: readonly string[], clock: Pick<StoreClock, 'wallMs'>): string {
  const time = new Date(clock.wallMs()).toISOString().replaceAll(':', '-')
  let name = `damaged-${time}`
  for (let count = 2; names.includes(name); count += 1) name = `damaged-${time}-${count}`
  return name
}

/**
 * Does what the note in `conclave.json` says is to be done. Safe to repeat; of what was made anew in
 * between, nothing is kept, since nobody has used it yet.
 */
export async function finishSettingAside(directory: Directory): Promise<void> {
  const { settingAside } = directory.identity
  if (settingAside === null) return
  const { path } = directory
  if (settingAside.to === null) {
    for (const part of storeParts) await removeDirectory(join(path, part))
    return
  }
  // One is kept, and the newest: there is no end to what a bad disk could fill a directory with.
  for (const name of await pooledFiles.list(path)) {
    if (name.startsWith('damaged-') && name !== settingAside.to) {
      await removeDirectory(join(path, name))
    }
  }
  const target = join(path, settingAside.to)
  await makeDirectory(target)
  await replaceFile(join(target, 'reason.txt'), `${settingAside.reason}\n`)
  for (const part of storeParts) {
    const moved = await pooledFiles.list(target)
    if (moved.includes(part)) await rm(join(path, part), { recursive: true, force: true })
    else await moveIfThere(join(path, part), join(target, part))
  }
  await syncDirectory(target)
  await syncDirectory(path)
}

/** The store that was made anew is durable, and says itself that it replaces a damaged one. */
export async function forgetDamage(directory: Directory): Promise<void> {
  await directory.change({ unhealed: true, settingAside: null })
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}
