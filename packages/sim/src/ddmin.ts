/** Delta debugging: which part of a list is enough. */

/**
 * Leaves out of `items` whatever is not needed for `fails` to hold, which holds of the whole: large
 * chunks first, then smaller ones. Of what it returns, in the old order, no single item can be left
 * out, unless `fails` began to say no to everything.
 */
export function ddmin<T>(
  items: readonly T[],
  fails: (part: readonly T[]) => boolean,
): readonly T[] {
  if (items.length === 0 || fails([])) return []
  let kept = items
  let size = Math.ceil(items.length / 2)
  for (;;) {
    const before = kept.length
    // From the end: what comes last depends on the rest, and not the other way round.
    for (let end = kept.length; end > 0; end -= size) {
      const start = Math.max(0, end - size)
      if (start === 0 && end >= kept.length) continue
      const rest = [...kept.slice(0, start), ...kept.slice(end)]
      if (fails(rest)) kept = rest
    }
    if (size > 1) size = Math.ceil(size / 2)
    else if (kept.length === before) return kept
  }
}
