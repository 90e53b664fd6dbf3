/**
 * Programs in which core and model have differed, as small as they could be made, by what was wrong.
 * What was mended stays mended.
 */
import type { Program, Step, Who, Write } from './program.ts'

export interface CounterExample {
  readonly wrong: string
  readonly program: Program
}

const newest: Who = { of: 'living', newest: 0 }

function asked(...writes: readonly Write[]): Program {
  const asks = writes.map((write) => ({ who: newest, write }))
  return {
    ...{ peer: 'new', pagesAhead: 4, sessions: [[]] },
    commands: [{ type: 'ask', writes: asks }],
  }
}

const plain = { data: null, mode: 'persistent', sequential: false, acl: null } as const

function create(path: string, rest: Partial<Step & { type: 'create' }> = {}): Write {
  return { type: 'create', path, ...plain, parents: false, ...rest }
}

/** Nobody may do anything. */
const locked = [{ permissions: 0, scheme: 'world', id: 'anyone' }]

export const counterExamples: readonly CounterExample[] = [
  {
    wrong: 'a digest without a hash was taken for an identity',
    program: asked(create('/a', { acl: [{ permissions: 31, scheme: 'digest', id: 'x:' }] })),
  },
  {
    wrong: 'a digest that ends with colons was not taken for one',
    program: asked(create('/a', { acl: [{ permissions: 31, scheme: 'digest', id: 'x:y:' }] })),
  },
  {
    wrong: 'a list was judged before a NUL in the path',
    program: asked(create('/a/\0', { acl: [] })),
  },
  {
    wrong: 'who may not create was told so before a NUL in the path',
    program: asked(create('/a', { acl: locked }), create('/a/\0')),
  },
  {
    wrong: 'who may not delete was told so before a NUL in the path',
    program: asked(create('/a', { acl: locked }), {
      ...{ type: 'delete', path: '/a/\0', version: -1, recursive: false },
    }),
  },
  {
    wrong: 'the bytes of the configuration did not count for the bound of the tree',
    program: asked(
      ...['1', '2', '3', '4', '5'].map((name) =>
        create(`/2345678901234567890${name}`, { data: 'x'.repeat(25) }),
      ),
    ),
  },
]
