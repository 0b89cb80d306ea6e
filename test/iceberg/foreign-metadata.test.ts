import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { lastAssignedFieldId } from '../../src/iceberg/ids.ts'
import { currentSnapshot, parseMetadata } from '../../src/iceberg/metadata.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { dataPath, describeWithData } from '../support/data.ts'
import { failure } from '../support/table.ts'

function parse(name: string): TableMetadata {
  return parseMetadata(readFileSync(dataPath('foreign-metadata', name)), name)
}

/** What the name of each file promises; a file without a line here fails the first test. */
const outcomes: Readonly<Record<string, string | undefined>> = {
  'TableMetadataUnsupportedVersion.json': 'cannot read unsupported version 42',
  'TableMetadataV1Valid.json': undefined,
  'TableMetadataV2CurrentSchemaNotFound.json': 'cannot find schema with current-schema-id=2 from schemas',
  'TableMetadataV2MissingSchemas.json': 'schemas must exist in format v2',
  'TableMetadataV2Valid.json': undefined,
  'TableMetadataV2ValidMinimal.json': undefined,
}

describeWithData('metadata files of the Java project', () => {
  test('are all judged here', () => {
    expect(readdirSync(dataPath('foreign-metadata')).sort()).toEqual(Object.keys(outcomes).sort())
  })

  test.each(Object.entries(outcomes))('%s is read, or refused for the reason in its name', (name, reason) => {
    if (reason === undefined) expect(parse(name)['format-version']).toBeLessThanOrEqual(2)
    else
      expect(() => parse(name)).toThrow(
        failure(/Unsupported/.test(name) ? 'FORMAT_UNSUPPORTED' : 'METADATA_INVALID', `${name}: ${reason}`),
      )
  })

  test('version 1 gets schema 0, spec 0, sort order 0 and no snapshot', () => {
    const metadata = parse('TableMetadataV1Valid.json')
    expect(metadata.schemas).toMatchObject([
      { 'schema-id': 0, fields: [{ name: 'x' }, { name: 'y', doc: 'comment' }, { name: 'z' }] },
    ])
    expect(metadata['partition-specs']).toEqual([
      { 'spec-id': 0, fields: [{ name: 'x', transform: 'identity', 'source-id': 1, 'field-id': 1000 }] },
    ])
    expect(metadata['sort-orders']).toEqual([{ 'order-id': 0, fields: [] }])
    expect([metadata['current-schema-id'], metadata['default-spec-id'], metadata['default-sort-order-id']]).toEqual([
      0, 0, 0,
    ])
    expect(metadata['last-partition-id']).toBe(1000)
    expect(currentSnapshot(metadata)).toBeUndefined()
  })

  test('snapshot ids beyond 2^53 are kept to the last digit', () => {
    const metadata = parse('TableMetadataV2Valid.json')
    expect(metadata['current-snapshot-id']).toBe(3055729675574597004n)
    expect(currentSnapshot(metadata)).toMatchObject({ 'parent-snapshot-id': 3051729675574597004n, 'schema-id': 1 })
    expect(metadata.schemas[1]?.['identifier-field-ids']).toEqual([1, 2])
    expect(lastAssignedFieldId(metadata)).toBe(3)
  })
})
