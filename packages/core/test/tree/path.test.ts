import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ancestorsOf,
  childPath,
  CoordinationError,
  isAncestor,
  nameOf,
  parentOf,
  pathFault,
  sequentialName,
  validatePath,
} from '../../src/internal.ts'

describe('legal paths', () => {
  test.each(['/', '/a', '/a/b', '/a b', '/...', '/a.b', '/.a', '/a..', '/é', '/\u00a0', '/\uf900'])(
    '%j is one',
    (path) => {
      expect(pathFault(path)).toBeNull()
    },
  )

  test.each([
    ['', 'path "" does not begin with "/"'],
    ['a', 'path "a" does not begin with "/"'],
    ['a/b', 'path "a/b" does not begin with "/"'],
    ['//', 'has an empty element at 1'],
    ['/a/', 'path "/a/" ends with "/": leave the last slash away'],
    ['/a//b', 'path "/a//b" has an empty element at 3'],
    ['/a/.', 'has the element "." at 3'],
    ['/./a', 'has the element "." at 1'],
    ['/a/../b', 'has the element ".." at 3'],
    ['/a\u0000', String.raw`path "/a\u0000" has the character U+0000 at 2`],
    ['/a\u0001b', 'U+0001 at 2'],
    ['/\u001f', 'U+001F at 1'],
    ['/\u007f', 'U+007F at 1'],
    ['/\u009f', 'U+009F at 1'],
    ['/\ud800', 'U+D800 at 1'],
    ['/x/😀', 'U+D83D at 3'],
    ['/\uf8ff', 'U+F8FF at 1'],
    ['/\ufff0', 'U+FFF0 at 1'],
    ['/\uffff', 'U+FFFF at 1'],
  ])('%j is none, and its fault is told', (path, fault) => {
    expect(pathFault(path)).toContain(fault)
  })

  test('what would be refused is an error that names the path', () => {
    expect(() => {
      validatePath('/a/')
    }).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT', path: '/a/' }))
    expect(() => {
      validatePath('/a/')
    }).toThrow(CoordinationError)
    expect(() => {
      validatePath('/a')
    }).not.toThrow()
  })

  test('a sequential path is judged with its digits', () => {
    expect(pathFault('/q/', true)).toBeNull()
    expect(pathFault('/q/.', true)).toBeNull()
    expect(pathFault('/', true)).toBeNull()
    expect(pathFault('/q//', true)).toContain('path "/q//" has an empty element at 3')
    expect(pathFault('', true)).toContain('does not begin')
  })

  test('the message about a long path is short', () => {
    expect(pathFault(`/${'a'.repeat(100_000)}/`)?.length).toBeLessThan(400)
  })

  test('any path of legal elements is legal, whatever they are', () => {
    const element = fc
      .string({ unit: fc.constantFrom('a', '.', '-', ' ', 'é', '\u2028'), minLength: 1 })
      .filter((one) => one !== '.' && one !== '..')
    fc.assert(
      fc.property(fc.array(element, { minLength: 1 }), (elements) => {
        expect(pathFault(`/${elements.join('/')}`)).toBeNull()
      }),
    )
  })
})

describe('relations of paths', () => {
  const paths = fc
    .array(fc.constantFrom('a', 'ab', 'b', 'a-b'), { maxLength: 5 })
    .map((elements) => `/${elements.join('/')}`)

  test('parent and name make the path again, and the parent is the last ancestor', () => {
    fc.assert(
      fc.property(paths, (path) => {
        fc.pre(path !== '/')
        expect(childPath(parentOf(path), nameOf(path))).toBe(path)
        expect(ancestorsOf(path).at(-1)).toBe(parentOf(path))
      }),
    )
  })

  test('the ancestors are those paths that the path lies below, from the root down', () => {
    fc.assert(
      fc.property(paths, paths, (path, other) => {
        expect(isAncestor(other, path)).toBe(ancestorsOf(path).includes(other))
      }),
    )
    expect(ancestorsOf('/a/b/c')).toEqual(['/', '/a', '/a/b'])
    expect(isAncestor('/a', '/ab')).toBe(false)
    expect(isAncestor('/', '/')).toBe(false)
  })

  test('the root has no parent, no ancestors and no name', () => {
    expect(() => parentOf('/')).toThrow('no parent')
    expect(ancestorsOf('/')).toEqual([])
    expect(nameOf('/')).toBe('')
  })
})

describe('sequential names', () => {
  test('Q1: ten digits of the count of creates', () => {
    expect(sequentialName('/q/n-', 0)).toBe('/q/n-0000000000')
    expect(sequentialName('/q/', 42)).toBe('/q/0000000042')
    expect(sequentialName('/q/', 2_147_483_647)).toBe('/q/2147483647')
  })

  test('Q1: behind 2147483647 the count is negative, as in ZooKeeper', () => {
    expect(sequentialName('/q/', -2_147_483_648)).toBe('/q/-2147483648')
    expect(sequentialName('/q/', -5)).toBe('/q/-000000005')
    expect(() => sequentialName('/q/', 2_147_483_648)).toThrow('Q1')
  })

  test('Q1: names rise with the count, as text', () => {
    const count = fc.integer({ min: 0, max: 2_147_483_647 })
    fc.assert(
      fc.property(count, count, (a, b) => {
        expect(sequentialName('/q/', a) < sequentialName('/q/', b)).toBe(a < b)
      }),
    )
  })
})
