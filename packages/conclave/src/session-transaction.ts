/** A transaction as it is built: operations, checked where they are given, sent together. */
import { CoordinationError, type Limits, type Operation } from '@conclave/core/internal'
import type { Bytes, Call, ExpectedVersion, Transaction } from '@conclave/core'
import {
  checkCreateShape,
  checkExpected,
  checkPath,
  checkVersion,
  copyData,
  requireData,
} from './call-arguments.ts'

type Commit = Transaction['commit']

export class SessionTransaction implements Transaction {
  readonly #limits: Limits
  readonly #send: (operations: readonly Operation[], call: Call | undefined) => ReturnType<Commit>
  readonly #operations: Operation[] = []
  #committed = false

  constructor(
    limits: Limits,
    send: (operations: readonly Operation[], call: Call | undefined) => ReturnType<Commit>,
  ) {
    this.#limits = limits
    this.#send = send
  }

  check(path: string, version: number): this {
    checkPath(path, this.#limits)
    return this.#add({ type: 'check', path, version: checkVersion(version, path) })
  }

  create(path: string, data?: Bytes, options?: Parameters<Transaction['create']>[2]): this {
    const { mode, sequential, acl } = checkCreateShape(options)
    checkPath(path, this.#limits, sequential)
    const bytes = copyData(data, path, this.#limits)
    return this.#add({ type: 'create', path, data: bytes, mode, sequential, acl })
  }

  set(path: string, data: Bytes, expected?: ExpectedVersion): this {
    checkPath(path, this.#limits)
    const version = checkExpected(expected, path)
    const bytes = copyData(requireData(data, path), path, this.#limits)
    return this.#add({ type: 'set', path, data: bytes, version })
  }

  delete(path: string, expected?: ExpectedVersion): this {
    checkPath(path, this.#limits)
    return this.#add({ type: 'delete', path, version: checkExpected(expected, path) })
  }

  commit(call?: Call): ReturnType<Commit> {
    if (this.#committed) {
      const message = 'the transaction was committed before: build a new one with session.txn()'
      return Promise.reject(new CoordinationError('BAD_ARGUMENT', message))
    }
    this.#committed = true
    return this.#send(this.#operations, call)
  }

  #add(operation: Operation): this {
    if (this.#committed) {
      const message = 'the transaction was committed before: nothing can be added to it'
      throw new CoordinationError('BAD_ARGUMENT', message)
    }
    const { maxOperations } = this.#limits
    if (this.#operations.length >= maxOperations) {
      const message = `the transaction has limits.maxOperations of ${String(maxOperations)} already: commit it and begin another`
      throw new CoordinationError('LIMIT_EXCEEDED', message)
    }
    this.#operations.push(operation)
    return this
  }
}
