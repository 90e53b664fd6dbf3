/**
 * The lint rules: typescript-eslint's strictest set, and what this house adds. Layout is prettier's
 * business, the direction of imports and the length of things are test/tidy.test.ts's.
 *
 * A message of ours names the way out. Where a rule of the set is relaxed, a word says why.
 */
import { defineConfig } from 'eslint/config'
import { configs } from 'typescript-eslint'

const sources = ['packages/*/src/**/*.ts']
const tests = ['packages/*/test/**/*.ts', 'test/**/*.ts']
const pure = ['packages/core/src/**/*.ts', 'packages/sim/src/**/*.ts']

const takeTheClock =
  'Time comes from clock.ts and randomness from entropy.ts: take what you need as a parameter.'
const sansIo =
  'core and sim are sans-IO: take time from `tick` and randomness from the seed, ask for the rest with an effect.'

/** For every file. */
const everywhere = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Export it by its name: then it has one name everywhere.',
  },
  {
    selector: 'ExportAllDeclaration',
    message: 'List the names: what is public is a decision, one name at a time.',
  },
  {
    selector: ':matches(PropertyDefinition, MethodDefinition)[accessibility="protected"]',
    message: 'Nothing here is inherited: make it `#private`, or hand the part over as an object.',
  },
  {
    selector: ':matches(PropertyDefinition, MethodDefinition)[accessibility="private"]',
    message: 'Write `#name`: it is private at runtime too.',
  },
]

/** For what must be the same on every peer and in every replay. */
const deterministic = [
  {
    selector: ':function[async=true], AwaitExpression, ForOfStatement[await=true]',
    message: `\`step\` runs to completion and never suspends. ${sansIo}`,
  },
  {
    selector: 'MemberExpression[property.name=/^(localeCompare|toLocale[A-Z])/]',
    message: 'The order of a locale differs between machines: compare with `<`.',
  },
]

/** For tests that run in one process: time is injected there. */
const sleepless = [
  {
    selector: 'NewExpression[callee.name="Promise"] CallExpression[callee.name="setTimeout"]',
    message: 'A test does not sleep: inject the clock, or wait for the event itself.',
  },
]

export default defineConfig(
  {
    ignores: ['**/dist/', '**/node_modules/', '**/data/', '**/.tmp/', 'coverage/', '**/*.{js,mjs}'],
  },
  {
    files: ['**/*.ts'],
    extends: [configs.strictTypeChecked],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      // The one program of the root tsconfig knows every file; a program a package would read the
      // same sources again and again.
      parserOptions: { project: ['tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      // A default that is written is a decision; `default: return unreachable(x)` has it checked.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      // A number in a message reads as it is meant; objects and undefined stay forbidden.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => socket.destroy()` says all there is to say, and so does `return this.#refuse(…)` where
      // nothing is returned anyway.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `while (true)` around one awaited thing is the shape of a reader.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // `async` without `await` still turns a throw into a rejection, which a port promises.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: sources,
    ignores: ['packages/*/src/{clock,entropy}.ts', 'packages/cli/src/main.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval'].map((name) => ({ name, message: takeTheClock })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: takeTheClock },
        { object: 'Date', property: 'now', message: takeTheClock },
        { object: 'performance', property: 'now', message: takeTheClock },
        { object: 'process', property: 'hrtime', message: takeTheClock },
        {
          object: 'process',
          property: 'exit',
          message: 'The process belongs to the application: fail the peer instead.',
        },
      ],
    },
  },
  {
    files: pure,
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Date', 'WeakRef', 'FinalizationRegistry', 'Intl', 'Promise'].map((name) => ({
          name,
          message: sansIo,
        })),
      ],
      'no-restricted-syntax': ['error', ...everywhere, ...deterministic],
    },
  },
  {
    files: ['packages/core/src/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^[^.]', message: `core imports nothing. ${sansIo}` }] },
      ],
    },
  },
  {
    files: ['packages/sim/src/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '^(?!\\.|@conclave/core)', message: `sim imports core. ${sansIo}` }],
        },
      ],
    },
  },
  {
    files: tests,
    ignores: [
      'test/{acceptance,crash-states,faults,fuzz,processes,zookeeper-diff}/**',
      'test/simulation/run.ts',
    ],
    rules: {
      'no-restricted-syntax': ['error', ...everywhere, ...sleepless],
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'node:timers/promises', message: sleepless[0].message }],
        },
      ],
    },
  },
  {
    files: tests,
    rules: {
      // A test that indexes past the end fails at once, and there, as it should.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // Programs: they talk to whoever started them.
    files: [
      'bench/**/*.ts',
      'examples/**/*.ts',
      'test/{simulation,differential,acceptance,compat,crash-states,faults,fuzz,mutants,zookeeper-diff}/**/*.ts',
      'packages/cli/src/**/*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    // node:test awaits its tests itself.
    files: ['examples/**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: 'test', package: 'node:test' }] },
      ],
    },
  },
  {
    // The tools ask for a default export.
    files: ['*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
)
