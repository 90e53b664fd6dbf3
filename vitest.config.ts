import { defineConfig } from 'vitest/config'

/** Tests run against the sources: no build, no `dist` (see the `@conclave/source` export condition). */
const conditions = ['@conclave/source', 'node', 'import', 'default']

/** The server that `npm run test:compat -- session` has started; the suite that needs one runs alone. */
const server = process.env['CONCLAVE_ZOOKEEPER']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include:
      server === undefined
        ? ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts']
        : ['test/compat/*.suite.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
})
