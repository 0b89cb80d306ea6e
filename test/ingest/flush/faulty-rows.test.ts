import { expect, test } from 'vitest'
import { IcebergError } from '../../../src/iceberg/errors.ts'
import type { Row } from '../../../src/iceberg/types.ts'
import { RowFault } from '../../../src/ingest/flush/captured-value.ts'
import { faultyRows, isOfRows } from '../../../src/ingest/flush/faulty-rows.ts'
import { BatchReader } from '../../../src/ingest/flush/flush-batch.ts'
import { judgeStreams } from '../../../src/ingest/flush/flush-streams.ts'
import { setAside, withoutRows } from '../../../src/ingest/flush/set-aside.ts'
import { batch } from '../../support/crash-table.ts'
import { newTable } from '../keys/appending.ts'
import { catalogOn, declaration, newDisk, rejectsDirectory, rejectsOn, startProcess } from './flushing.ts'

test('the rows that a file cannot hold are found among many, each with its column and without its content', async () => {
  const { catalog, disk } = await newTable()
  const rows: Row[] = batch('a', 1000)
  rows[0] = { ...rows[0], count: 'a secret' }
  rows[617] = { ...rows[617], text: null }
  rows[999] = { ...rows[999], session_id: 7 }
  const before = disk.contents('/home')
  const faults = await faultyRows(await catalog.load(), rows)
  expect([...faults].map(([place, { column, reason }]) => [place, column, reason])).toEqual([
    [0, 'count', 'cannot be written: column count takes int, not a string'],
    [617, 'text', 'cannot be written: required column text has no value'],
    [999, undefined, 'cannot be written: column session_id takes string, not a number'],
  ])
  expect(disk.contents('/home')).toEqual(before)
  expect(await faultyRows(await catalog.load(), batch('a', 10))).toEqual(new Map())
  expect(await faultyRows(await catalog.load(), [])).toEqual(new Map())
})

test('a table that cannot be written is no fault of its rows', async () => {
  const { catalog } = await newTable()
  const table = await catalog.load()
  const [spec] = table.metadata['partition-specs']
  const fields = spec?.fields.map(field => ({ ...field, transform: 'unheard of' })) ?? []
  const other = { ...table, metadata: { ...table.metadata, 'partition-specs': [{ 'spec-id': 0, fields }] } }
  await expect(faultyRows(other, batch('a'))).rejects.toMatchObject({ code: 'FORMAT_UNSUPPORTED' })
})

test('which errors can be of the rows', () => {
  expect(isOfRows(new IcebergError('ROW_INVALID', ''))).toBe(true)
  expect(isOfRows(new RangeError())).toBe(true)
  expect(isOfRows(new IcebergError('COMMIT_CONFLICT', ''))).toBe(false)
  expect(isOfRows(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))).toBe(false)
})

test('rows that are taken out of a batch are set aside as they came, beside those that were before', async () => {
  const disk = await newDisk()
  const process = await startProcess(disk.io, 1)
  const lines = batch('a').map(row => JSON.stringify(row))
  await process.takeText(['first wrong', ...lines.slice(0, 3), 'second wrong', ...lines.slice(3)])
  await process.take(batch('b', 2))
  const segments = await process.spool.rotate()
  const reader = new BatchReader({
    segments,
    open: ({ path }) => disk.io.open(path),
    positions: new Map(),
    shapes: judgeStreams(segments, declaration, (await catalogOn(disk.io).load()).metadata).shapes,
    limits: { rows: 100, bytes: 1e9 },
    onDamage: async () => undefined,
    onUnreadable: () => undefined,
    signal: undefined,
  })
  const whole = await reader.next()
  if (whole === undefined) throw new Error('there is no batch')
  expect(whole.rows).toEqual([...batch('a'), ...batch('b', 2)])
  const why = new RowFault('text', 'cannot be written')
  const left = await withoutRows(disk.io, whole, new Map([2, 3, 7].map(place => [place, why])))
  expect(left.rows).toEqual([...batch('a').slice(0, 2), ...batch('a').slice(4), ...batch('b', 1)])
  expect(left.frames.map(({ firstRow, rowCount }) => [firstRow, rowCount])).toEqual([
    [0, 4],
    [4, 1],
  ])
  expect(left.reached).toEqual(whole.reached)
  expect(await setAside(disk.io, rejectsDirectory, left, () => 0)).toBe(5)
  // Once more, as after a commit that failed.
  await setAside(disk.io, rejectsDirectory, left, () => 1)
  expect(
    rejectsOn(disk)
      .map(({ content, reason }) => `${content} ${reason}`)
      .sort(),
  ).toEqual(
    [
      'first wrong is not JSON',
      'second wrong is not JSON',
      ...[lines[2], lines[3], JSON.stringify(batch('b', 2)[1])].map(line => `${line} cannot be written`),
    ].sort(),
  )
})
