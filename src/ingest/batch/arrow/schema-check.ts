import { bodyInvalid } from '../body-invalid.ts'
import type { FlatTable } from './flat-table.ts'

/** Types of `Schema.fbs` that no column of a table can be made of, by their numbers. */
const unusable: Readonly<Record<number, string>> = {
  11: 'Interval',
  14: 'Union',
  18: 'Duration',
  22: 'RunEndEncoded',
  25: 'ListView',
  26: 'LargeListView',
}

/** A field takes at least so many bytes; there are no more of them than there is room for. */
const fieldBytes = 8

/**
 * Checks that what a schema says of itself fits into its bytes, and that its types can be read.
 * @throws HypError BODY_INVALID for a type that cannot, RangeError for a damaged schema
 */
export function checkSchema(schema: FlatTable, bytes: number): void {
  if (schema.int16(0) !== 0) throw bodyInvalid('The Arrow stream has its numbers in big-endian order')
  schema.vector(2, 4)
  let room = Math.floor(bytes / fieldBytes)
  checkFields(schema, 1, '')

  function checkFields(parent: FlatTable, member: number, path: string): void {
    const fields = parent.vector(member, 4)
    room -= fields.count
    // Fields that point at one another would go on for ever.
    if (room < 0) throw new RangeError('more fields than there is room for')
    for (let index = 0; index < fields.count; index++) {
      const field = fields.table(index)
      const name = `${path}${field.text(0)}`
      const type = unusable[field.byte(2)]
      if (type !== undefined)
        throw bodyInvalid(`The column ${JSON.stringify(name)} is of the Arrow type ${type}, which no column can hold`)
      field.vector(6, 4)
      checkFields(field, 5, `${name}.`)
    }
  }
}
