/**
 * The text of quotas, as ZooKeeper's `StatsTrack` writes and reads it: pairs of a name and a number,
 * `count=3,bytes=40`, behind which hard limits follow as `=;byteHardLimit=80;countHardLimit=9`, so that
 * readers which know none stop there. -1, and what is missing or no number, is no limit.
 */

/** What a subtree may have; -1 where nothing is said. */
export interface QuotaLimits {
  readonly count: number
  readonly bytes: number
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

/** What a subtree has: znodes, its root among them, and bytes of their data. */
export interface QuotaUsage {
  readonly count: number
  readonly bytes: number
}

/** Longer texts are none: nobody who means a quota writes them. */
const maxLength = 1_024

/** What the data of a limits znode, or of a stats znode, says. */
export function parseQuota(data: Uint8Array | null): QuotaLimits {
  const numbers = new Map<string, number>()
  for (const pair of textOf(data).split(/[,;]+/)) {
    const [name = '', value = ''] = pair.split('=')
    const number = /^\d+$/.test(value) ? Number(value) : -1
    numbers.set(name, Number.isSafeInteger(number) ? number : -1)
  }
  return {
    count: numbers.get('count') ?? -1,
    bytes: numbers.get('bytes') ?? -1,
    countHardLimit: numbers.get('countHardLimit') ?? -1,
    byteHardLimit: numbers.get('byteHardLimit') ?? -1,
  }
}

/** What a stats znode holds. */
export function usageText({ count, bytes }: QuotaUsage): string {
  return `count=${String(count)},bytes=${String(bytes)}`
}

/** What a limits znode holds. */
export function limitsText(limits: QuotaLimits): string {
  const { countHardLimit, byteHardLimit } = limits
  let hard = ''
  if (byteHardLimit >= 0) hard += `;byteHardLimit=${String(byteHardLimit)}`
  if (countHardLimit >= 0) hard += `;countHardLimit=${String(countHardLimit)}`
  return hard === '' ? usageText(limits) : `${usageText(limits)}=${hard}`
}

function textOf(data: Uint8Array | null): string {
  if (data === null || data.length > maxLength) return ''
  return String.fromCharCode(...data)
}
