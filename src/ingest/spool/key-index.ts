/** Where an idempotency key's frame begins. */
export interface KeyPlace {
  /** When its batch came, in milliseconds since 1970. */
  readonly at: number
  readonly path: string
  readonly start: number
}

export interface FoundKey extends KeyPlace {
  readonly key: string
}

/** Milliseconds for which a key is known. */
const keyLife = 24 * 60 * 60 * 1000
const mostKeys = 200_000

/** Whether a batch of then still counts: not older than a key's life, nor from a future that the clock came back from. */
export function isRemembered(at: number, now: number): boolean {
  return Math.abs(now - at) <= keyLife
}

/** When the first and the last of some keys came, in milliseconds since 1970. */
export interface KeySpan {
  readonly oldest: number
  readonly newest: number
}

export function spanOf(keys: Iterable<{ readonly at: number }>): KeySpan {
  let [oldest, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { at } of keys) [oldest, newest] = [Math.min(oldest, at), Math.max(newest, at)]
  return { oldest, newest }
}

/** Whether any of them can count still: one of a clock that was ahead does not count, and those beside it do. */
export function mayBeRemembered({ oldest, newest }: KeySpan, now: number): boolean {
  return now - newest <= keyLife && oldest - now <= keyLife
}

/** The newest keys, and where they are. */
export class KeyIndex {
  readonly #places = new Map<string, KeyPlace>()
  readonly #most: number

  constructor(most: number = mostKeys) {
    this.#most = most
  }

  get size(): number {
    return this.#places.size
  }

  /** A key that is new, or lies elsewhere now. The oldest one goes where there are too many. */
  set({ key, at, path, start }: FoundKey): void {
    this.#places.set(key, { at, path, start })
    if (this.#places.size <= this.#most) return
    const [oldest] = this.#places.keys()
    if (oldest !== undefined) this.#places.delete(oldest)
  }

  /** Undefined for a key that is not known, or no longer. */
  get(key: string, now: number): KeyPlace | undefined {
    const place = this.#places.get(key)
    if (place === undefined || isRemembered(place.at, now)) return place
    this.#places.delete(key)
    return undefined
  }

  delete(key: string): void {
    this.#places.delete(key)
  }
}

/** Keys as they are found, in any order; only the newest are kept. */
export class KeyCollection {
  #found: FoundKey[] = []
  readonly #most: number

  constructor(most: number = mostKeys) {
    this.#most = most
  }

  add(found: FoundKey): void {
    this.#found.push(found)
    if (this.#found.length >= 2 * this.#most) this.#found = this.newest()
  }

  /** The newest ones, the oldest of them first. */
  newest(): FoundKey[] {
    return this.#found.toSorted((a, b) => a.at - b.at).slice(-this.#most)
  }
}
