import { seeded } from './crash-table.ts'

/** Chance that comes out the same for the same seed. */
export interface Chance {
  /** True so many times of a hundred. */
  readonly percent: (share: number) => boolean
  /** An integer from 0 up to, and not, a limit. */
  readonly below: (limit: number) => number
  /** One of several; undefined of none. */
  readonly pick: <Item>(items: readonly Item[]) => Item | undefined
  /** One of several of which there is one. */
  readonly one: <Item>(items: readonly [Item, ...Item[]]) => Item
}

export function chance(seed: number): Chance {
  const next = seeded(Math.imul(seed, 0x9e3779b1))
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    percent: share => next() * 100 < share,
    below,
    pick: items => items[below(items.length)],
    one: items => items[below(items.length)] ?? items[0],
  }
}
