import { expect, test } from 'vitest'
import type { Requirement } from '../../src/iceberg/commit.ts'
import { checkRequirements } from '../../src/iceberg/requirements.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { failure, newMetadata, required } from '../support/table.ts'

const metadata: TableMetadata = {
  ...newMetadata({
    columns: [required('id', 'long'), required('at', 'timestamptz')],
    partitionBy: ['day(at)'],
    sortBy: ['id'],
  }),
  refs: {
    main: { type: 'branch', 'snapshot-id': 9223372036854775807n },
    audit: { type: 'branch', 'snapshot-id': 15 },
    v1: { type: 'tag', 'snapshot-id': 15 },
  },
}

/** Each kind as it holds, as it does not, and what is then said. */
const cases: readonly (readonly [holds: Requirement, fails: Requirement, sentence: string])[] = [
  [
    { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
    { type: 'assert-table-uuid', uuid: 'other' },
    `UUID does not match: expected other != ${metadata['table-uuid']}`,
  ],
  [
    { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 9223372036854775807n },
    { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 9223372036854775806n },
    'branch main has changed: expected id 9223372036854775806 != 9223372036854775807',
  ],
  [
    { type: 'assert-ref-snapshot-id', ref: 'v1', 'snapshot-id': 15n },
    { type: 'assert-ref-snapshot-id', ref: 'v1', 'snapshot-id': 14 },
    'tag v1 has changed: expected id 14 != 15',
  ],
  [
    { type: 'assert-ref-snapshot-id', ref: 'new', 'snapshot-id': null },
    { type: 'assert-ref-snapshot-id', ref: 'audit', 'snapshot-id': null },
    'branch audit was created concurrently',
  ],
  [
    { type: 'assert-ref-snapshot-id', ref: 'audit', 'snapshot-id': 15 },
    { type: 'assert-ref-snapshot-id', ref: 'gone', 'snapshot-id': 14 },
    'branch or tag gone is missing, expected 14',
  ],
  [
    { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 2 },
    { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 1 },
    'last assigned field id changed: expected id 1 != 2',
  ],
  [
    { type: 'assert-current-schema-id', 'current-schema-id': 0 },
    { type: 'assert-current-schema-id', 'current-schema-id': 3 },
    'current schema changed: expected id 3 != 0',
  ],
  [
    { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 1000 },
    { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 999 },
    'last assigned partition id changed: expected id 999 != 1000',
  ],
  [
    { type: 'assert-default-spec-id', 'default-spec-id': 0 },
    { type: 'assert-default-spec-id', 'default-spec-id': 1 },
    'default partition spec changed: expected id 1 != 0',
  ],
  [
    { type: 'assert-default-sort-order-id', 'default-sort-order-id': 1 },
    { type: 'assert-default-sort-order-id', 'default-sort-order-id': 0 },
    'default sort order changed: expected id 0 != 1',
  ],
]

test.each(cases)('%o holds', holds => {
  expect(() => checkRequirements(metadata, [holds])).not.toThrow()
})

test.each(cases)('after %o comes a conflict with %o: %s', (_holds, fails, sentence) => {
  expect(() => checkRequirements(metadata, [fails])).toThrow(
    failure('COMMIT_CONFLICT', new RegExp(`^Requirement failed: ${sentence}$`)),
  )
})

test('assert-create holds only where there is no table', () => {
  expect(() => checkRequirements(null, [{ type: 'assert-create' }])).not.toThrow()
  expect(() => checkRequirements(metadata, [{ type: 'assert-create' }])).toThrow(
    failure('COMMIT_CONFLICT', 'Requirement failed: table already exists'),
  )
})

test('every other requirement fails where there is no table', () => {
  for (const [holds] of cases)
    expect(() => checkRequirements(null, [holds])).toThrow(
      failure('COMMIT_CONFLICT', 'Requirement failed: table does not exist'),
    )
})

test('the last assigned field id counts ids that last-column-id denies', () => {
  const lying = { ...metadata, 'last-column-id': 1 }
  expect(() =>
    checkRequirements(lying, [{ type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 2 }]),
  ).not.toThrow()
})

test('the first requirement that does not hold is the one that is named', () => {
  const requirements = cases.flatMap(([holds, fails]) => [holds, fails])
  const first = cases[0]?.[2] ?? ''
  expect(() => checkRequirements(metadata, requirements)).toThrow(failure('COMMIT_CONFLICT', first))
})

test('a requirement that is not known is never taken for granted', () => {
  const unknown = { type: 'assert-view-uuid', uuid: 'x' } as unknown as Requirement
  expect(() => checkRequirements(metadata, [unknown])).toThrow(
    failure('UPDATE_ILLEGAL', 'unknown requirement assert-view-uuid'),
  )
})
