import { earlierNames } from '../../src/iceberg/matching.ts'
import type { ColumnDeclaration, DeclaredType } from '../../src/schema/declaration.ts'
import { additive } from './differential-additive.ts'
import { breaking, fullNameTwice } from './differential-breaking.ts'
import { type Draft, randomDeclaration } from './differential-declaration.ts'
import type { Mutation } from './differential-mutation.ts'
import { chance as chanceOf } from './differential-random.ts'

/** Two declarations of one table, of which the second came from the first. */
export interface Pair {
  readonly seed: number
  /** What was done to the first, in order. */
  readonly mutations: readonly string[]
  readonly before: Draft
  readonly after: Draft
}

/** Whether two mutations do not go together, because a default would be of two types. */
function conflict(one: string, other: string): boolean {
  const isRetyping = (name: string): boolean => name.startsWith('change a type') || name.startsWith('change the kind')
  const isDefault = (name: string): boolean => name === 'give a default'
  return (isDefault(one) && isRetyping(other)) || (isRetyping(one) && isDefault(other))
}

/** Whether a struct keeps none of its members: where a list is of it, PyIceberg ends with a KeyError. */
function losesAll(before: readonly ColumnDeclaration[], after: readonly ColumnDeclaration[]): boolean {
  const pairs = after.flatMap(column => {
    const names = [column.name, ...earlierNames(column)]
    const was = before.find(({ name }) => names.includes(name))
    return was === undefined ? [] : [[was.type, column.type] as const]
  })
  return pairs.length === 0 || pairs.some(([was, is]) => losesAllInside(was, is))
}

function losesAllInside(was: DeclaredType, is: DeclaredType): boolean {
  if (typeof was === 'string' || typeof is === 'string') return false
  if (was.type === 'struct') return is.type === 'struct' && losesAll(was.fields, is.fields)
  if (was.type === 'list') return is.type === 'list' && losesAllInside(was.element, is.element)
  return is.type === 'map' && (losesAllInside(was.key, is.key) || losesAllInside(was.value, is.value))
}

/** The pair of a seed: unchanged, changed additively, or with one to two changes that break. */
export function pairOf(seed: number): Pair {
  const before = randomDeclaration(seed)
  const after = structuredClone(before)
  const chance = chanceOf(seed + 1_000_000)
  const mutations: string[] = []
  const change = (choices: Readonly<Record<string, Mutation>>, times: number): void => {
    for (let found = 0, attempt = 0; found < times && attempt < 20; attempt++) {
      const name = chance.pick(Object.keys(choices)) as string
      if (mutations.some(done => conflict(done, name))) continue
      const unchanged = structuredClone(after)
      if (choices[name]?.(after, chance) !== true) continue
      if (losesAll(before.columns, after.columns)) {
        Object.assign(after, unchanged)
        continue
      }
      mutations.push(name)
      found++
    }
  }
  const lot = chance.below(100)
  if (lot >= 95) {
    // By itself: a plan cannot say of which of two columns with one name it speaks.
    change({ 'add a full name twice': fullNameTwice }, 1)
  } else if (lot >= 52) {
    change(additive, chance.below(3))
    change(breaking, chance.percent(70) ? 1 : 2)
  } else if (lot >= 4) {
    change(additive, 1 + chance.below(4))
  }
  return { seed, mutations, before, after }
}
