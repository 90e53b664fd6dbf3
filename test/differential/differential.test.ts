import { expect, test } from 'vitest'
import { checkPrograms, describeFailure } from './check-programs.ts'
import { counterExamples } from './counter-examples.ts'
import { expected, Reached } from './reached.ts'
import { runProgram } from './run-program.ts'

test('random programs come to the same in the core and in the model', () => {
  const failure = checkPrograms(1, 160, new Reached())
  expect(failure === null ? '' : describeFailure(failure)).toBe('')
}, 120_000)

test.each(counterExamples)('it is not so any more that $wrong', ({ program }) => {
  runProgram(program, new Reached())
})

test('what programs are to meet is named once', () => {
  expect(new Set(expected).size).toBe(expected.length)
})
