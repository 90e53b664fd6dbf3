import { describe, expect, onTestFinished, test } from 'vitest'
import { transportSuite } from '../src/suite.ts'
import { TcpHarness } from './tcp-harness.ts'

describe('the TCP transport keeps the promises of the port', () => {
  for (const { name, run } of transportSuite) {
    test(name, async () => {
      const harness = new TcpHarness()
      onTestFinished(() => harness.close())

      await expect(run(harness)).resolves.toBeUndefined()
    })
  }
})
