import type { Cell } from '../../iceberg/types.ts'
import { isObject } from '../../sources/json.ts'

/**
 * How many parts the line of a transcript of Claude has that a row is made of: by that two lines with one id are told apart.
 * @param attributes of the row
 * @returns undefined where the row does not tell
 */
export function lineParts(attributes: Cell): number | undefined {
  if (typeof attributes !== 'string') return undefined
  let told: unknown
  try {
    told = JSON.parse(attributes)
  } catch {
    return undefined
  }
  if (!isObject(told) || !isObject(told['gateway']) || told['gateway']['source'] !== 'backfill') return undefined
  if (!isObject(told['client']) || told['client']['name'] !== 'claude') return undefined
  const parts = isObject(told['claude']) ? told['claude']['parts'] : undefined
  return typeof parts === 'number' ? parts : 1
}
