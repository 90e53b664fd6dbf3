/** The certificates of test/certificates, which its make.sh made. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

function pem(name: string): string {
  return readFileSync(
    fileURLToPath(new URL(`../../../test/certificates/${name}.pem`, import.meta.url)),
    'utf8',
  )
}

export const authority = pem('authority')
export const stranger = pem('stranger')

/** A certificate and its key, by the name of both. */
export function certificate(name: string): { readonly cert: string; readonly key: string } {
  return { cert: pem(name), key: pem(`${name}-key`) }
}
