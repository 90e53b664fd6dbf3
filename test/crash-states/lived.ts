/** One process of a life: `lived.ts LIFE NUMBER DIR FACTS`. Started by recording.ts, under strace. */
import { openSync, writeSync } from 'node:fs'
import { lives } from './lives.ts'

const [name = '', number = '', dir = '', facts = ''] = process.argv.slice(2)
const out = openSync(facts, 'a')
const live = lives[name]?.[Number(number)]
if (live === undefined) throw new Error(`no process ${number} of a life ${name}`)
await live({
  dir,
  tell: (fact) => {
    writeSync(out, `${JSON.stringify(fact)}\n`)
  },
})
