/** What a client needs, beside node_modules, once for each version of what asks for it. */
import { createHash } from 'node:crypto'
import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/compat')

/** A folder that `install` has filled, which is named by what decides about its contents. */
export async function installed(
  name: string,
  decides: string | Buffer,
  install: (folder: string) => Promise<unknown>,
): Promise<string> {
  const digest = createHash('sha256').update(decides).digest('hex').slice(0, 12)
  const folder = join(cache, `${name}-${digest}`)
  const whole = join(folder, '.installed')
  const isThere = await access(whole).then(
    () => true,
    () => false,
  )
  if (isThere) return folder
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await install(folder)
  await writeFile(whole, '')
  return folder
}
