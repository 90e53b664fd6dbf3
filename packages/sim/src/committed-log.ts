/**
 * The one log that all peers agree on, as far as any peer is known to have committed it: what every
 * peer's own history is compared with. It only grows (Z10).
 */
import { noPage, type Page, type PageEnd, type Zxid } from '@conclave/core/internal'

export class CommittedLog {
  readonly #pages: Page[] = []
  readonly #byLast = new Map<Zxid, Page>()
  readonly #digests = new Map<Zxid, string>()

  get end(): PageEnd {
    return this.#pages.at(-1) ?? noPage
  }

  get pages(): readonly Page[] {
    return this.#pages
  }

  /** The committed page that ends there. */
  pageAt(last: Zxid): Page | undefined {
    return this.#byLast.get(last)
  }

  /** Pages behind `after`, up to and with `upTo`, in order. */
  between(after: Zxid, upTo: Zxid): readonly Page[] {
    const pages: Page[] = []
    for (let index = this.#pages.length - 1; index >= 0; index -= 1) {
      const page = this.#pages[index] as Page
      if (page.last <= after) break
      if (page.last <= upTo) pages.push(page)
    }
    return pages.reverse()
  }

  append(page: Page): void {
    this.#pages.push(page)
    this.#byLast.set(page.last, page)
  }

  /** The digest that the first peer to stop there had; notes this one if there was none. */
  digestAt(last: Zxid, seen: string): string {
    const known = this.#digests.get(last)
    if (known !== undefined) return known
    this.#digests.set(last, seen)
    return seen
  }
}
