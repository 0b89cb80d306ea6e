import type { Cell } from '../../iceberg/types.ts'
import { isObject } from '../../sources/json.ts'

/**
 * How many parts the line has that a row was made of: two lines of Claude with one id are told apart by that.
 * @param attributes of the row
 * @returns undefined where the row does not tell, and for rows of other clients
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
