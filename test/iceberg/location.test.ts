import { expect, test } from 'vitest'
import { localPath, locationOf, pathResolver } from '../../src/iceberg/catalog/location.ts'

test('the location of a path is file:// and the plain path', () => {
  expect(locationOf('/home/jö rg/a%20b#c')).toBe('file:///home/jö rg/a%20b#c')
})

test.each([
  ['file:///home/jö rg/t', '/home/jö rg/t'],
  ['file:/home/t', '/home/t'],
  ['file:///home/a%20b', '/home/a%20b'],
  ['/home/t', '/home/t'],
  ['s3://bucket/t', 's3://bucket/t'],
])('%s is the path %s', (location, path) => {
  expect(localPath(location)).toBe(path)
})

test.each([
  ['file:///old/t', 'file:///old/t/data/a.parquet', '/new/t/data/a.parquet'],
  ['file:///old/t', '/old/t/data/a.parquet', '/new/t/data/a.parquet'],
  ['/old/t', '/old/t/data/a.parquet', '/new/t/data/a.parquet'],
  ['file:///old/t', 'file:/old/t/data/a.parquet', '/new/t/data/a.parquet'],
  ['/old/t', 'file:///old/t/data/a.parquet', '/new/t/data/a.parquet'],
  ['file:///old/t/', 'file:/old/t/data/a.parquet', '/new/t/data/a.parquet'],
  ['s3a://bucket/t', 's3a://bucket/t/metadata/m0.avro', '/new/t/metadata/m0.avro'],
  ['file:///old/t', 'file:///old/t2/data/a.parquet', '/old/t2/data/a.parquet'],
  ['file:///old/t', 'file:///elsewhere/a.parquet', '/elsewhere/a.parquet'],
  ['file:///old/t', 's3://bucket/a.parquet', 's3://bucket/a.parquet'],
])('in a table that was written for %s and lies in /new/t, %s is %s', (tableLocation, location, path) => {
  expect(pathResolver(tableLocation, '/new/t')(location)).toBe(path)
})
