/** Another process: opens the directory it is told, says so, and holds it until it is killed. */
import { openDirectory } from '../src/directory.ts'

const path = process.argv[2] as string
await openDirectory({ path, peerId: 1, clock: { wallMs: () => Date.UTC(2026, 0, 1) } })
process.stdout.write('held\n')
setInterval(() => undefined, 1_000)
