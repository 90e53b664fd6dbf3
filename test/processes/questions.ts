/** The service's end of the conversation with whoever started it (service-process.ts). */

export interface ToService<Question> {
  readonly number: number
  readonly question: Question
}

export type ToParent<Notice> =
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly type: 'error'; readonly number: number; readonly message: string }

function send(message: ToParent<unknown>): void {
  if (process.connected) process.send?.(message, () => undefined)
}

/** Tells the parent something unasked. */
export function tell(notice: unknown): void {
  send({ type: 'notice', notice })
}

/** Answers the parent's questions from now on; the process ends when the parent does. */
export function answerQuestions(answer: (question: never) => unknown): void {
  process.on('message', (message) => {
    const { number, question } = message as ToService<never>
    void Promise.resolve()
      .then(() => answer(question))
      .then(
        (value) => send({ type: 'answer', number, value }),
        (error: unknown) => {
          const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
          send({ type: 'error', number, message: why })
        },
      )
  })
  process.on('disconnect', () => process.exit(1))
}
