import { expect, test } from 'vitest'
import {
  newestMetadataFile,
  oldestPending,
  parseMetadataName,
  pendingName,
} from '../../src/iceberg/catalog/versions.ts'

const uuid = '0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b'

test.each([
  ['v1.metadata.json', 1],
  ['v12.gz.metadata.json', 12],
  ['v3.metadata.json.gz', 3],
  [`00000-${uuid}.metadata.json`, 0],
  [`00017-${uuid}.gz.metadata.json`, 17],
  [`123456-${uuid.toUpperCase()}.metadata.json`, 123456],
])('%s is version %i', (name, version) => {
  expect(parseMetadataName(name)).toEqual({ version, name })
})

test.each([
  'version-hint.text',
  'v1.metadata.json.tmp',
  `${uuid}.tmp`,
  `${uuid}.metadata.json`,
  // What a Java writer leaves behind when it is killed: a bare uuid.
  '12345678-1234-4234-8234-123456789012.metadata.json',
  'v1.metadata.json.zst',
  'v.metadata.json',
  'v-1.metadata.json',
  'v1.avro',
  'snap-1-1-a.avro',
  'metadata.json',
  'xv1.metadata.json',
  '00001-.metadata.json',
])('%s is no version', name => {
  expect(parseMetadataName(name)).toBeUndefined()
})

test.each<[newest: string | undefined, names: string[]]>([
  [undefined, []],
  [undefined, ['version-hint.text', 'x.tmp']],
  ['v10.metadata.json', ['v9.metadata.json', 'v10.metadata.json', 'v1.metadata.json']],
  ['v3.metadata.json', ['v1.metadata.json', 'v3.metadata.json']],
  ['v2.metadata.json', ['v2.gz.metadata.json', 'v2.metadata.json', 'v2.metadata.json.gz']],
  ['v2.gz.metadata.json', ['v1.metadata.json', 'v2.gz.metadata.json']],
  ['v2.metadata.json.gz', ['v1.metadata.json', 'v2.metadata.json.gz']],
  ['v2.metadata.json', [`00002-${uuid}.metadata.json`, 'v2.metadata.json']],
  [`00003-${uuid}.metadata.json`, ['v2.metadata.json', `00003-${uuid}.metadata.json`]],
])('%s is the newest of %o', (newest, names) => {
  expect(newestMetadataFile(names)?.name).toBe(newest)
  expect(newestMetadataFile(names.toReversed())?.name).toBe(newest)
})

test.each<[oldest: number, names: string[]]>([
  [9, []],
  [9, ['v1.metadata.json', 'version-hint.text', 'x.tmp', 'pending-x.tmp', '4-pending-3-a.tmp']],
  [4, ['v3.metadata.json', pendingName(7, 'a'), pendingName(4, 'b'), pendingName(9, 'c')]],
  [9, [pendingName(12, 'a')]],
])('version %i is the oldest that is waited for among %o, when 9 is the newest', (oldest, names) => {
  expect(oldestPending(names, 9)).toBe(oldest)
})

test('a writer that a hundred commits passed by is waited for no longer', () => {
  expect(oldestPending([pendingName(11, 'a')], 110)).toBe(11)
  expect(oldestPending([pendingName(10, 'a')], 110)).toBe(110)
})

test('what waits to become a version is no version', () => {
  expect(parseMetadataName(pendingName(3, 'a'))).toBeUndefined()
})
