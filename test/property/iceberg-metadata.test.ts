import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IcebergError } from '../../src/iceberg/errors.ts'
import { lastAssignedFieldId } from '../../src/iceberg/ids.ts'
import { printJson } from '../../src/iceberg/json.ts'
import { currentSnapshot, parseMetadata, printMetadata } from '../../src/iceberg/metadata.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates } from '../../src/iceberg/updates/index.ts'
import { newMetadata, optional, required } from '../support/table.ts'

/** Metadata in which every part of the format has something to be broken. */
const whole: TableMetadata = applyUpdates(
  newMetadata({
    columns: [
      required('id', 'long'),
      optional('at', 'timestamptz'),
      optional('place', { type: 'struct', fields: [required('lat', 'double')] }),
      optional('tags', { type: 'map', key: 'string', value: 'int', valueRequired: false }),
      optional('points', { type: 'list', element: 'float', elementRequired: false }),
    ],
    partitionBy: ['bucket[4](id)', 'day(at)'],
    sortBy: ['id'],
    properties: { owner: 'hyp' },
  }),
  [
    {
      action: 'add-snapshot',
      snapshot: {
        'snapshot-id': 3055729675574597004n,
        'sequence-number': 1,
        'timestamp-ms': 1_700_000_000_001,
        'manifest-list': 'file:///tables/t/metadata/snap.avro',
        summary: { operation: 'append' },
      },
    },
    { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': 3055729675574597004n },
    { action: 'set-statistics', statistics: { 'snapshot-id': 3055729675574597004n } },
  ],
  { nowMs: 1_700_000_000_001, baseFile: 'file:///tables/t/metadata/v1.metadata.json' },
)

type Place = readonly (string | number)[]

/** Every place in a JSON value. */
function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at]
  return [at, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, [...at, key]))]
}

function replaced(value: unknown, place: Place, by: unknown): unknown {
  const [key, ...rest] = place
  if (key === undefined) return by
  if (Array.isArray(value)) return value.map((item, index) => (index === Number(key) ? replaced(item, rest, by) : item))
  return { ...(value as object), [key]: replaced((value as Record<string, unknown>)[key], rest, by) }
}

const places = placesIn(whole)
const anything = fc.oneof(
  fc.constantFrom(undefined, null, true, -1, 0, 1.5, '', 'text', 9223372036854775807n, [], {}, [null], { a: null }),
  fc.jsonValue(),
)

test('metadata with anything in any place is read, or refused by a sentence, and nothing else', () => {
  fc.assert(
    fc.property(fc.constantFrom(...places), anything, (place, by) => {
      let metadata: TableMetadata
      try {
        metadata = parseMetadata(
          new TextEncoder().encode(printJson(replaced(whole, place, by)) ?? ''),
          'v1.metadata.json',
        )
      } catch (error) {
        expect(error).toBeInstanceOf(IcebergError)
        return
      }
      // What was let through is fit for use.
      expect(lastAssignedFieldId(metadata)).toBeGreaterThan(0)
      currentSnapshot(metadata)
      expect(parseMetadata(printMetadata(metadata), 'v1.metadata.json')).toEqual(metadata)
      const changed = applyUpdates(metadata, [{ action: 'set-properties', updates: { changed: 'yes' } }], {
        nowMs: 1_800_000_000_000,
        baseFile: 'file:///tables/t/metadata/v1.metadata.json',
      })
      expect(changed['metadata-log'].length).toBeGreaterThan(0)
    }),
    { numRuns: 3000 },
  )
})
