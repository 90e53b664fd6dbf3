/** Core and model do not agree. */
import { inspect, isDeepStrictEqual } from 'node:util'

export class Difference extends Error {
  override readonly name = 'Difference'
}

export function compare(what: string, core: unknown, model: unknown): void {
  if (isDeepStrictEqual(core, model)) return
  const [ofCore, ofModel] = [core, model].map((one) => inspect(one, { depth: 9, breakLength: 100 }))
  throw new Difference(`${what}\ncore:  ${ofCore}\nmodel: ${ofModel}`)
}
