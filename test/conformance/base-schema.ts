import { stageCreate } from '../../src/iceberg/create.ts'
import type { Schema, TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates, emptyMetadata } from '../../src/iceberg/updates/index.ts'
import { column, declare, list, map, struct } from '../schema/declaring.ts'

/*
 * The schema that the catalogue of cases stands on: one column of every kind,
 * with ids that no rule of assignment would give.
 */

const about = 'struct of named boolean options'

export const baseFields: Schema['fields'] = [
  { id: 1, name: 'id', required: true, type: 'int' },
  { id: 2, name: 'data', required: false, type: 'string' },
  {
    id: 3,
    name: 'preferences',
    required: false,
    doc: about,
    type: {
      type: 'struct',
      fields: [
        { id: 8, name: 'feature1', required: true, type: 'boolean' },
        { id: 9, name: 'feature2', required: false, type: 'boolean' },
      ],
    },
  },
  {
    id: 4,
    name: 'locations',
    required: true,
    type: {
      type: 'map',
      'key-id': 10,
      key: {
        type: 'struct',
        fields: [
          { id: 20, name: 'address', required: true, type: 'string' },
          { id: 21, name: 'city', required: true, type: 'string' },
          { id: 22, name: 'state', required: true, type: 'string' },
          { id: 23, name: 'zip', required: true, type: 'int' },
        ],
      },
      'value-id': 11,
      'value-required': true,
      value: {
        type: 'struct',
        fields: [
          { id: 12, name: 'lat', required: true, type: 'float' },
          { id: 13, name: 'long', required: true, type: 'float' },
        ],
      },
    },
  },
  {
    id: 5,
    name: 'points',
    required: false,
    type: {
      type: 'list',
      'element-id': 14,
      'element-required': false,
      element: {
        type: 'struct',
        fields: [
          { id: 15, name: 'x', required: true, type: 'long' },
          { id: 16, name: 'y', required: true, type: 'long' },
        ],
      },
    },
  },
  {
    id: 6,
    name: 'doubles',
    required: true,
    type: { type: 'list', 'element-id': 17, 'element-required': true, element: 'double' },
  },
  {
    id: 7,
    name: 'properties',
    required: false,
    type: { type: 'map', 'key-id': 18, key: 'string', 'value-id': 19, 'value-required': false, value: 'string' },
  },
]

const must = { required: true }

/** The same as a declaration. */
export const baseDeclaration = declare([
  column('id', 'int', must),
  column('data', 'string'),
  column('preferences', struct(column('feature1', 'boolean', must), column('feature2', 'boolean')), { doc: about }),
  column(
    'locations',
    map(
      struct(
        column('address', 'string', must),
        column('city', 'string', must),
        column('state', 'string', must),
        column('zip', 'int', must),
      ),
      struct(column('lat', 'float', must), column('long', 'float', must)),
      true,
    ),
    must,
  ),
  column('points', list(struct(column('x', 'long', must), column('y', 'long', must)))),
  column('doubles', list('double', true), must),
  column('properties', map('string', 'string')),
])

/** A table of given columns and ids, with what else it is to have. */
export function tableOf(fields: Schema['fields'], more: Partial<TableMetadata> = {}): TableMetadata {
  const { updates } = stageCreate({
    uuid: '6bd4a1b0-0000-4000-8000-000000000001',
    location: 'file:///tables/t',
    schema: { type: 'struct', 'schema-id': 0, fields },
    spec: { 'spec-id': 0, fields: [] },
    sortOrder: { 'order-id': 0, fields: [] },
    properties: {},
  })
  return { ...applyUpdates(emptyMetadata, updates, { nowMs: 1_700_000_000_000 }), ...more }
}

export const baseTable = tableOf(baseFields)
