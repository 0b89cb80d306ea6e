import { walkFields } from '../schema-index.ts'
import type { Field } from '../types.ts'

/*
 * The encoder's dictionaries take 0 and −0 for one value, and would write for
 * both the one that came first. Where a column holds −0 it gets no dictionary.
 */

/** How a column has to be encoded; undefined: as the encoder likes. */
export type Encoding = 'PLAIN' | undefined

/** A function that looks at the values of a column as the encoder takes them. */
export function encodingOf(field: Field): (values: readonly unknown[]) => Encoding {
  const hasFloats = walkFields({ type: 'struct', fields: [field] }).some(
    ({ type }) => type === 'float' || type === 'double',
  )
  return hasFloats ? values => (values.some(hasNegativeZero) ? 'PLAIN' : undefined) : () => undefined
}

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'number') return Object.is(value, -0)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  return Object.values(value).some(hasNegativeZero)
}
