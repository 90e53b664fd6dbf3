import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CoordinationError } from '@conclave/core/internal'
import { describe, expect, test } from 'vitest'
import { openDirectory, type Directory } from '../src/directory.ts'
import { ManualClock } from './manual-clock.ts'
import { openTestStore } from './open-store.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function open(path: string, peerId = 1, ensembleId = 0): Promise<Directory> {
  return openDirectory({ path, peerId, ensembleId, clock: new ManualClock() })
}

async function refusal(result: Promise<unknown>): Promise<CoordinationError> {
  const error = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CoordinationError)
  return error as CoordinationError
}

describe('directory', () => {
  test('is created with its parents, and says whose it is', async () => {
    const path = join(temporaryDirectory(), 'a', 'b')
    const directory = await open(path)

    expect(directory.identity).toEqual({
      formatVersion: 1,
      peerId: 1,
      ensembleId: 0,
      unhealed: false,
      settingAside: null,
    })
    expect(JSON.parse(readFileSync(join(path, 'conclave.json'), 'utf8'))).toEqual({
      formatVersion: 1,
      peerId: 1,
    })
    await directory.close()
    expect(readdirSync(path).sort()).toEqual(['conclave.json', 'lock'])
  })

  test('remembers what was changed', async () => {
    const path = temporaryDirectory()
    const directory = await open(path)
    const settingAside = { reason: 'a flipped bit', to: 'damaged-x' }
    const damage = { unhealed: true, settingAside }
    await Promise.all([directory.change({ ensembleId: 5 }), directory.change(damage)])
    await directory.close()

    const again = await open(path, 1, 5)
    expect(again.identity).toEqual({ formatVersion: 1, peerId: 1, ensembleId: 5, ...damage })
    await again.close()
  })

  test('DIR_LOCKED: twice in one process; the error names the holder', async () => {
    const path = temporaryDirectory()
    const directory = await open(path)

    const error = await refusal(open(path))

    expect(error.code).toBe('DIR_LOCKED')
    expect(error.message).toContain(path)
    expect(error.message).toContain(`process ${process.pid} on ${hostname()}`)
    expect(error.message).toContain('since 2026-01-02T03:04:05.000Z')
    await directory.close()
    await (await open(path)).close()
  })

  test('DIR_LOCKED: by another process, until that one is killed', async () => {
    const path = temporaryDirectory()
    const tsx = fileURLToPath(import.meta.resolve('tsx/cli'))
    const script = fileURLToPath(new URL('hold-directory.ts', import.meta.url))
    const child = spawn(process.execPath, [tsx, '--conditions=@conclave/source', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const holder = JSON.parse(readFileSync(join(path, 'holder.json'), 'utf8')) as { pid: number }

    const error = await refusal(openTestStore(path))
    process.kill(holder.pid, 'SIGKILL')
    await once(child, 'exit')

    expect(error.code).toBe('DIR_LOCKED')
    expect(error.message).toContain(`process ${holder.pid} `)
    expect(holder.pid).not.toBe(process.pid)
    await (await open(path)).close()
  }, 20_000)

  test('DIR_FOREIGN: another peer, another ensemble', async () => {
    const path = temporaryDirectory()
    const directory = await open(path)
    await directory.change({ ensembleId: 5 })
    await directory.close()

    const peer = await refusal(open(path, 2))
    const ensemble = await refusal(open(path, 1, 6))

    expect(peer.code).toBe('DIR_FOREIGN')
    expect(peer.message).toMatch(/peer 1.*peer 2/)
    expect(ensemble.code).toBe('DIR_FOREIGN')
    expect(ensemble.message).toMatch(/ensemble 5.* 6/)
    await (await open(path, 1, 5)).close()
  })

  test('DIR_FOREIGN: a directory that holds other things is left as it is', async () => {
    const path = temporaryDirectory()
    mkdirSync(join(path, 'log'))

    const error = await refusal(open(path))

    expect(error.code).toBe('DIR_FOREIGN')
    expect(error.message).toContain('it holds log')
    expect(readdirSync(path)).toEqual(['log'])
  })

  test('STORAGE_FAILED: a file, and what would lie below one', async () => {
    const file = join(temporaryDirectory(), 'file')
    writeFileSync(file, 'a letter')
    for (const path of [file, join(file, 'below')]) {
      const error = await refusal(open(path))
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', path })
      expect(error.message).toContain('name an empty or a new directory')
    }
    expect(readFileSync(file, 'utf8')).toBe('a letter')
  })

  test.runIf(process.platform === 'linux')(
    'what the system never creates is refused, not tried for ever',
    async () => {
      await expect(open('/proc/conclave/peer')).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )

  test('DIR_FORMAT: a newer format, naming both', async () => {
    const path = temporaryDirectory()
    await (await open(path)).close()
    writeFileSync(join(path, 'conclave.json'), '{"formatVersion":9,"peerId":1,"new":true}')

    const error = await refusal(open(path))

    expect(error.code).toBe('DIR_FORMAT')
    expect(error.message).toMatch(/format 9.*knows 1/)
  })

  test('DIR_FORMAT: an identity that cannot be read is never guessed at', async () => {
    const path = temporaryDirectory()
    await (await open(path)).close()
    for (const text of ['', '{', '[]', '{"formatVersion":1}', '{"formatVersion":1,"peerId":"1"}']) {
      writeFileSync(join(path, 'conclave.json'), text)
      const error = await refusal(open(path))
      expect(error.code).toBe('DIR_FORMAT')
      expect(error.message).toContain('conclave.json cannot be read')
    }
  })

  test('what cannot be removed keeps no lock', async () => {
    const path = temporaryDirectory()
    const directory = await open(path)
    rmSync(join(path, 'holder.json'))
    mkdirSync(join(path, 'holder.json'))

    await directory.close()

    rmSync(join(path, 'holder.json'), { recursive: true })
    await (await open(path)).close()
  })

  test('a lock that a crash left half made is made anew', async () => {
    const path = temporaryDirectory()
    await (await open(path)).close()
    writeFileSync(join(path, 'lock', 'CURRENT'), 'rubbish')
    await (await open(path)).close()

    rmSync(join(path, 'lock'), { recursive: true })
    await (await open(path)).close()
  })
})
