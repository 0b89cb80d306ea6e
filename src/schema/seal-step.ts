import { isPromotion } from '../iceberg/primitive.ts'
import type { Declaration, DeclaredType } from './declaration.ts'
import { canonicalJson } from './fingerprint.ts'

/** What a release did to the one before it, sorted into what an old table can take and what it cannot. */
export interface ReleaseStep {
  /** Optional columns added, types promoted. */
  readonly additive: readonly string[]
  /** Everything an old table cannot take in place. */
  readonly breaking: readonly string[]
}

/**
 * Sorts the differences between two built-in releases. A required column that
 * becomes optional, a doc and an order are in neither list: a table takes them
 * in place, and a move of the key may need the first (`conversation_id` in 6).
 */
export function releaseStep(before: Declaration, after: Declaration): ReleaseStep {
  const additive: string[] = []
  const breaking: string[] = []
  const was = new Map(before.columns.map(column => [column.name, column]))
  for (const column of after.columns) {
    const old = was.get(column.name)
    if (old === undefined) {
      if (column.required === true) breaking.push(`adds the required column ${column.name}`)
      else additive.push(`adds ${column.name}`)
      continue
    }
    if (canonicalJson(old.type) !== canonicalJson(column.type)) {
      if (isDeclaredPromotion(old.type, column.type)) additive.push(`promotes ${column.name}`)
      else breaking.push(`changes the type of ${column.name}`)
    }
    if (old.required !== true && column.required === true) breaking.push(`makes ${column.name} required`)
  }
  const is = new Set(after.columns.map(column => column.name))
  for (const column of before.columns) if (!is.has(column.name)) breaking.push(`drops ${column.name}`)
  if (canonicalJson(before.identifier) !== canonicalJson(after.identifier)) breaking.push('changes the row key')
  if (canonicalJson(before.partitionBy) !== canonicalJson(after.partitionBy)) breaking.push('changes the partitions')
  return { additive, breaking }
}

function isDeclaredPromotion(from: DeclaredType, to: DeclaredType): boolean {
  return typeof from === 'string' && typeof to === 'string' && isPromotion(from, to)
}
