import type { DeclaredType } from '../../schema/declaration.ts'
import { cellFromJson } from '../../schema/json-cell.ts'

/** Whether a value, which is not null, can be a cell of a type. */
export type Fit = (value: unknown) => boolean

/** Texts that are nested more deeply are read by few programs: Jackson, and with it Spark, stops here. */
const deepest = 1000

/*
 * Times in the form that is most often met, without the days that only some
 * months have. Everything else is left to the slow way.
 */
const day = '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])'
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,12})?'
const zone = '(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)'
const usualDate = new RegExp(`^${day}$`)
const usualTimestamp = new RegExp(`^${day}T${clock}$`)
const usualTimestampTz = new RegExp(`^${day}T${clock}${zone}$`)

/** The test for a type: as {@link cellFromJson} decides, only sooner where that is plain to see. */
export function fitOf(type: DeclaredType): Fit {
  const slow: Fit = value => 'cell' in cellFromJson(value, type)
  switch (type) {
    case 'string':
      return value => typeof value === 'string' || (!isDeep(value, deepest) && slow(value))
    case 'boolean':
      return value => typeof value === 'boolean'
    case 'int':
      return value => (typeof value === 'number' ? (value | 0) === value : slow(value))
    case 'long':
      return value => Number.isSafeInteger(value) || slow(value)
    case 'double':
      return value => Number.isFinite(value) || slow(value)
    case 'date':
      return value => (typeof value === 'string' && usualDate.test(value)) || slow(value)
    case 'timestamp':
      return value => (typeof value === 'string' && usualTimestamp.test(value)) || slow(value)
    case 'timestamptz':
      return value => (typeof value === 'string' && usualTimestampTz.test(value)) || slow(value)
    default:
      return slow
  }
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(member => isDeep(member, levels - 1))
}
