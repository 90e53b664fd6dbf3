/** A transaction under test: built as any other, and known to the history by its operations. */
import type { Bytes, Call, ExpectedVersion, Transaction } from '@conclave/core'
import type { WriteStep } from '@conclave/sim'
import { entryValue, isReapable } from './entry-values.ts'

type Answer = ReturnType<Transaction['commit']>

export class RecordedTransaction implements Transaction {
  readonly #transaction: Transaction
  readonly #record: (steps: readonly WriteStep[], answered: Answer, call?: Call) => Answer
  readonly #steps: WriteStep[] = []

  constructor(
    transaction: Transaction,
    record: (steps: readonly WriteStep[], answered: Answer, call?: Call) => Answer,
  ) {
    this.#transaction = transaction
    this.#record = record
  }

  check(path: string, version: number): this {
    this.#transaction.check(path, version)
    this.#steps.push({ type: 'check', path, version })
    return this
  }

  create(path: string, data?: Bytes, options?: Parameters<Transaction['create']>[2]): this {
    this.#transaction.create(path, data, options)
    this.#steps.push({
      type: 'create',
      path,
      value: entryValue(data),
      ephemeral: options?.mode === 'ephemeral',
      reapable: isReapable(options?.mode),
      sequential: options?.sequential === true,
    })
    return this
  }

  set(path: string, data: Bytes, expected?: ExpectedVersion): this {
    this.#transaction.set(path, data, expected)
    const version = versionOf(expected)
    this.#steps.push({ type: 'set', path, value: entryValue(data), version })
    return this
  }

  delete(path: string, expected?: ExpectedVersion): this {
    this.#transaction.delete(path, expected)
    this.#steps.push({ type: 'delete', path, version: versionOf(expected) })
    return this
  }

  commit(call?: Call): Answer {
    return this.#record([...this.#steps], this.#transaction.commit(call), call)
  }
}

function versionOf(expected: ExpectedVersion | undefined): number | undefined {
  return typeof expected === 'object' ? expected.version : expected
}
