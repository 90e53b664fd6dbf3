/** Leaves out of a program whatever is not needed for it to differ in the same way. */
import type { Action, Program } from './program.ts'

/** Actions first, then the parts of what is left. */
export async function shrink(
  program: Program,
  differs: (part: Program) => Promise<boolean>,
): Promise<Program> {
  const withActions = (actions: readonly Action[]): Program => ({ ...program, actions })
  let actions = await ddmin(program.actions, (rest) => differs(withActions(rest)))
  for (const [index, action] of actions.entries()) {
    if (action.type !== 'ask' || !('parts' in action.record)) continue
    const { record } = action
    const withParts = (parts: typeof record.parts): readonly Action[] =>
      actions.with(index, { ...action, record: { ...record, parts } })
    const parts = await ddmin(record.parts, (rest) => differs(withActions(withParts(rest))))
    actions = withParts(parts)
  }
  return withActions(actions)
}

/** As `ddmin` of the simulator does, for what has to be waited for. */
async function ddmin<T>(
  items: readonly T[],
  differs: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = items
  let size = Math.ceil(items.length / 2)
  while (size > 0) {
    const before = kept.length
    for (let end = kept.length; end > 0; end -= size) {
      const rest = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)]
      if (await differs(rest)) kept = rest
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (kept.length === before) break
  }
  return kept
}
