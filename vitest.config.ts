import { defineConfig } from 'vitest/config'

/** Tests run against the sources: no build, no `dist` (see the `@conclave/source` export condition). */
const conditions = ['@conclave/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
})
