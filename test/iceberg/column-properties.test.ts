import { expect, test } from 'vitest'
import { renameColumnProperties } from '../../src/iceberg/column-properties.ts'
import type { Field, Schema } from '../../src/iceberg/types.ts'

function schema(...fields: Field[]): Schema {
  return { type: 'struct', 'schema-id': 0, fields }
}

const column = (id: number, name: string, type: Field['type'] = 'int'): Field => ({ id, name, required: false, type })
const metrics = 'write.metadata.metrics.column.'
const base = schema(column(1, 'a'), column(2, 'b'), column(3, 'c'))

test.each([
  'write.metadata.metrics.column.',
  'write.parquet.bloom-filter-enabled.column.',
  'write.parquet.bloom-filter-fpp.column.',
  'write.parquet.bloom-filter-ndv.column.',
  'write.parquet.stats-enabled.column.',
])('%sa follows a column that is renamed', prefix => {
  const after = schema(column(1, 'z'), column(2, 'b'), column(3, 'c'))
  expect(renameColumnProperties({ [`${prefix}a`]: 'x', [`${prefix}b`]: 'y' }, base, after)).toEqual({
    updates: { [`${prefix}z`]: 'x' },
    removals: [`${prefix}a`],
  })
})

test('properties of other things, and of columns that are not there, stay', () => {
  const after = schema(column(1, 'z'), column(2, 'b'), column(3, 'c'))
  const properties = {
    a: '1',
    'write.metadata.metrics.default': 'full',
    'write.metadata.metrics.column.A': 'none',
    'write.metadata.metrics.columns.a': 'none',
    'read.write.metadata.metrics.column.a': 'none',
  }
  expect(renameColumnProperties(properties, base, after)).toEqual({ updates: {}, removals: [] })
  expect(renameColumnProperties({ [`${metrics}a`]: 'x' }, base, base)).toEqual({ updates: {}, removals: [] })
})

test('columns that swap their names swap their properties', () => {
  const properties = { [`${metrics}a`]: 'of a', [`${metrics}b`]: 'of b' }
  const after = schema(column(1, 'b'), column(2, 'a'), column(3, 'c'))
  expect(renameColumnProperties(properties, base, after)).toEqual({
    updates: { [`${metrics}a`]: 'of b', [`${metrics}b`]: 'of a' },
    removals: [],
  })
  // Where only one of them has one, the other is left without.
  expect(renameColumnProperties({ [`${metrics}a`]: 'of a' }, base, after)).toEqual({
    updates: { [`${metrics}b`]: 'of a' },
    removals: [`${metrics}a`],
  })
})

test('columns that pass on their names pass on their properties, in a ring or a chain', () => {
  const properties = { [`${metrics}a`]: 'of a', [`${metrics}b`]: 'of b', [`${metrics}c`]: 'of c' }
  expect(
    renameColumnProperties(properties, base, schema(column(1, 'b'), column(2, 'c'), column(3, 'a'))).updates,
  ).toEqual({ [`${metrics}b`]: 'of a', [`${metrics}c`]: 'of b', [`${metrics}a`]: 'of c' })
  expect(renameColumnProperties(properties, base, schema(column(1, 'b'), column(2, 'c'), column(3, 'd')))).toEqual({
    updates: { [`${metrics}b`]: 'of a', [`${metrics}c`]: 'of b', [`${metrics}d`]: 'of c' },
    removals: [`${metrics}a`],
  })
})

test('the properties of a dropped column go with it, unless another column brings its own under the name', () => {
  const properties = { [`${metrics}a`]: 'of a', [`${metrics}b`]: 'of b' }
  expect(renameColumnProperties(properties, base, schema(column(2, 'b')))).toEqual({
    updates: {},
    removals: [`${metrics}a`],
  })
  expect(renameColumnProperties(properties, base, schema(column(2, 'a')))).toEqual({
    updates: { [`${metrics}a`]: 'of b' },
    removals: [`${metrics}b`],
  })
  expect(renameColumnProperties(properties, base, schema(column(4, 'a'), column(2, 'b')))).toEqual({
    updates: {},
    removals: [`${metrics}a`],
  })
})

test('what is inside a renamed column goes with it, and a dot in a name is no other column', () => {
  const nested = (outer: string, inner: string): Schema =>
    schema(
      column(1, outer, { type: 'struct', fields: [column(2, inner)] }),
      column(3, 'l', {
        type: 'list',
        'element-id': 4,
        'element-required': false,
        element: { type: 'struct', fields: [column(5, inner)] },
      }),
      column(6, 'm', {
        type: 'map',
        'key-id': 7,
        key: 'string',
        'value-id': 8,
        'value-required': false,
        value: 'int',
      }),
      column(9, 'x.y'),
    )
  const properties = {
    [`${metrics}s.x`]: 'in struct',
    [`${metrics}l.element.x`]: 'in list',
    [`${metrics}m.value`]: 'in map',
    [`${metrics}x.y`]: 'dotted',
  }
  expect(renameColumnProperties(properties, nested('s', 'x'), nested('t', 'x'))).toEqual({
    updates: { [`${metrics}t.x`]: 'in struct' },
    removals: [`${metrics}s.x`],
  })
  expect(renameColumnProperties(properties, nested('s', 'x'), nested('s', 'w'))).toEqual({
    updates: { [`${metrics}s.w`]: 'in struct', [`${metrics}l.element.w`]: 'in list' },
    removals: [`${metrics}s.x`, `${metrics}l.element.x`],
  })
})
