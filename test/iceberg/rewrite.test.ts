import { randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { printMetadata } from '../../src/iceberg/metadata.ts'
import { printNameMapping } from '../../src/iceberg/name-mapping.ts'
import { rewriteFiles } from '../../src/iceberg/rewrite/rewrite-files.ts'
import { liveFiles } from '../../src/iceberg/snapshot.ts'
import type { Cell, Field, Row, SortField } from '../../src/iceberg/types.ts'
import { dataFilesOf, deleteEqual, deletePositions } from '../support/deletes.ts'
import { addFile } from '../support/parquet-file.ts'
import { inAnyOrder, rewriteAll } from '../support/rewriting.ts'
import {
  append,
  catalogAt,
  createTable,
  evolve,
  failure,
  ioWith,
  optional,
  readRows,
  required,
  type TableShape,
  type TestTable,
} from '../support/table.ts'

const shape: TableShape = {
  columns: [required('id', 'int'), optional('text', 'string'), optional('n', 'long')],
  sortBy: ['text', '-n'],
}

async function filled(wanted: TableShape, ...batches: (readonly Row[])[]): Promise<TestTable> {
  let target = await createTable(wanted)
  for (const batch of batches) target = await append(target, batch, 10)
  return target
}

const words = ['b', 'a', null, 'é', 'z', '𝕏', 'ﬀ', '', 'ab']

/** Rows whose keys come in no order and often more than once. */
function rows(count: number, from = 0): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const id = from + index
    return { id, text: words[(id * 7) % words.length], n: id % 5 === 0 ? null : BigInt((id * 31) % 11) }
  })
}

/** Texts ascending with nulls first, then numbers descending with nulls last. */
function isInOrder(sorted: readonly Row[]): boolean {
  const key = ({ text, n }: Row): [string, bigint] => [
    text === null ? '' : `x${Buffer.from(text as string).toString('hex')}`,
    n === null ? -1n : (n as bigint),
  ]
  return sorted.slice(1).every((row, index) => {
    const [text, n] = key(sorted[index] as Row)
    const [nextText, nextN] = key(row)
    return text < nextText || (text === nextText && n >= nextN)
  })
}

async function readBack(target: TestTable, options: Parameters<typeof rewriteAll>[1] = {}): Promise<Row[]> {
  const { entries } = await rewriteAll(target, options)
  return readRows(target.table, { files: entries })
}

describe('files that are written again', () => {
  test('become one file in the order of the table, with the same rows', async () => {
    const target = await filled(shape, rows(25), rows(31, 100), rows(3, 200))
    const { entries, rows: count, dropped } = await rewriteAll(target)
    const after = await readRows(target.table, { files: entries })
    expect(entries).toHaveLength(1)
    expect([count, dropped]).toEqual([59, 0])
    expect(inAnyOrder(after)).toEqual(inAnyOrder(await readRows(target.table)))
    expect(isInOrder(after)).toBe(true)
    expect(entries[0]?.file).toMatchObject({ recordCount: 59, sortOrderId: 1, format: 'PARQUET' })
  })

  test('have the bounds that a file of the same rows has', async () => {
    const target = await filled(shape, rows(40))
    const { entries } = await rewriteAll(target)
    const [before] = await dataFilesOf(target)
    expect(entries[0]?.file.lowerBounds).toEqual(before?.file.lowerBounds)
    expect(entries[0]?.file.upperBounds).toEqual(before?.file.upperBounds)
    expect(entries[0]?.file.nullValueCounts).toEqual(before?.file.nullValueCounts)
  })

  test('are several where memory does not hold them all, each in order', async () => {
    const target = await filled(shape, ...Array.from({ length: 10 }, (_, batch) => rows(30, 100 * batch)))
    const { entries } = await rewriteAll(target, { memoryBytes: 4000 })
    expect(entries.length).toBeGreaterThan(1)
    for (const entry of entries) expect(isInOrder(await readRows(target.table, { files: [entry] }))).toBe(true)
    expect(inAnyOrder(await readRows(target.table, { files: entries }))).toEqual(
      inAnyOrder(await readRows(target.table)),
    )
  })

  test('are sorted where another program left them in no order', async () => {
    const unsorted = await filled({ ...shape, sortBy: [] }, rows(100))
    const ordered = await createTable(shape)
    const [file] = await dataFilesOf(unsorted)
    const entry = { ...(file as NonNullable<typeof file>) }
    const table = { ...unsorted.table, metadata: { ...unsorted.table.metadata, ...sortOf(ordered) } }
    for (const memoryBytes of [8000, 2 ** 20]) {
      const { files } = await rewriteFiles(table, [entry], [], {
        uniqueName: randomUUID,
        targetFileBytes: 2 ** 20,
        memoryBytes,
      })
      const written = files.map(each => ({ ...entry, file: each }))
      for (const one of written) expect(isInOrder(await readRows(table, { files: [one] }))).toBe(true)
      expect(inAnyOrder(await readRows(table, { files: written }))).toEqual(inAnyOrder(rows(100)))
    }
  })

  test('are sorted by a member of a struct, and by what a transform makes of a text', async () => {
    const nested: TableShape = {
      columns: [optional('s', { type: 'struct', fields: [optional('x', 'int')] }), optional('t', 'string')],
      sortBy: ['-s.x'],
    }
    let target = await filled(nested, [{ s: { x: 1 } }, { s: null }], [{ s: { x: 2 } }, { s: { x: null } }])
    expect((await readBack(target)).map(({ s }) => (s as { x: Cell } | null)?.x ?? null)).toEqual([2, 1, null, null])
    target = await filled({ ...nested, sortBy: [] }, [{ t: 'bb' }, { t: 'ab' }, { t: null }], [{ t: 'aa' }])
    const order = { 'order-id': 3, fields: [sortField(2, 'truncate[1]')] }
    const { metadata } = target.table
    const table = { ...target.table, metadata: { ...metadata, 'sort-orders': [order], 'default-sort-order-id': 3 } }
    expect((await readBack({ ...target, table })).map(({ t }) => (t as string | null)?.at(0))).toEqual([
      undefined,
      'a',
      'a',
      'b',
    ])
  })

  test('lose the rows that were deleted, and those that are to be dropped', async () => {
    let target = await filled(shape, rows(20), rows(20, 20))
    const [first] = await dataFilesOf(target)
    target = await deletePositions(
      target,
      [3, 4].map(pos => ({ file: first?.file.location ?? '', pos })),
    )
    target = await deleteEqual(target, [1], [{ id: 30 }, { id: 31 }])
    const before = await readRows(target.table)
    const gone = new Set<Cell>([30, 32, before[0]?.['id']])
    const {
      entries,
      rows: count,
      dropped,
    } = await rewriteAll(target, {
      drop: {
        columns: ['id'],
        bind:
          ({ columns }) =>
          index =>
            gone.has(columns.get(1)?.[index]),
      },
    })
    expect([count, dropped]).toEqual([34, 2])
    expect(inAnyOrder(await readRows(target.table, { files: entries }))).toEqual(
      inAnyOrder(before.filter(({ id }) => !gone.has(id))),
    )
  })

  test('are dropped from by their place in their file, with texts as texts', async () => {
    const target = await filled(shape, rows(25))
    const seen = new Map<number, Cell>()
    const { rows: count } = await rewriteAll(target, {
      drop: {
        columns: ['text', 'id'],
        bind: ({ entry, columns, positionAt }) => {
          expect(entry.file.recordCount).toBe(25)
          return index => {
            seen.set(positionAt(index), columns.get(2)?.[index])
            return positionAt(index) % 2 === 0
          }
        },
      },
    })
    expect(count).toBe(12)
    const inFile = await readRows(target.table)
    expect([...seen].sort(([a], [b]) => a - b)).toEqual(inFile.map(({ text }, index) => [index, text]))
  })

  test('are none where no row is left', async () => {
    const target = await filled(shape, rows(5))
    const all = { columns: [], bind: () => () => true }
    expect(await rewriteAll(target, { drop: all })).toEqual({ entries: [], rows: 0, dropped: 5 })
  })

  test('are cut at the size that is wanted', async () => {
    const text = (): string => randomBytes(400).toString('hex')
    const wide = Array.from({ length: 12_000 }, (_, id) => ({ id, text: text(), n: null }))
    const target = await filled({ ...shape, sortBy: ['id'] })
    const big = await append(target, wide, 3000)
    const { entries } = await rewriteAll(big, { targetFileBytes: 2 ** 21 })
    expect(entries.length).toBeGreaterThan(2)
    for (const { file } of entries.slice(0, -1)) expect(file.fileSize).toBeGreaterThan(2 ** 21)
    expect((await readRows(big.table, { files: entries, columns: ['id'] })).map(({ id }) => id)).toEqual(
      wide.map(({ id }) => id),
    )
  })

  test('keep 0 and -0 apart in a column that has few values', async () => {
    const zeros = Array.from({ length: 60 }, (_, id) => ({ id, d: [0, -0, Number.NaN][id % 3], l: [-0, 0] }))
    const target = await filled(
      {
        columns: [
          required('id', 'int'),
          optional('d', 'double'),
          optional('l', { type: 'list', element: 'float', elementRequired: false }),
        ],
      },
      zeros,
    )
    expect(inAnyOrder(await readRows(target.table))).toEqual(inAnyOrder(zeros))
    expect(inAnyOrder(await readBack(target))).toEqual(inAnyOrder(zeros))
  })
})

describe('a table with a past', () => {
  test('gives its rows under its present columns: renamed, inserted, promoted, and gone', async () => {
    let target = await filled({ columns: [required('id', 'int'), optional('a', 'int'), optional('gone', 'int')] }, [
      { id: 1, a: 10, gone: 5 },
    ])
    target = await evolve(target, [required('id', 'int'), optional('new', 'string'), optional('a', 'long')])
    target = await append(target, [{ id: 2, new: 'x', a: 2n ** 40n }])
    expect(inAnyOrder(await readBack(target))).toEqual(
      inAnyOrder([
        { id: 1, new: null, a: 10n },
        { id: 2, new: 'x', a: 2n ** 40n },
      ]),
    )
  })

  test('keeps the values that its columns have where files lack them', async () => {
    const target = await filled({ columns: [required('id', 'int')] }, [{ id: 1 }])
    const fields: Field[] = [
      { id: 1, name: 'id', required: true, type: 'int' },
      { id: 9, name: 'level', required: true, type: 'string', 'initial-default': 'low' },
      { id: 10, name: 'later', required: false, type: 'unknown' },
    ]
    const metadata = {
      ...target.table.metadata,
      'format-version': 3,
      'next-row-id': 0,
      schemas: [{ type: 'struct' as const, 'schema-id': 7, fields }],
      'current-schema-id': 7,
      'last-column-id': 10,
    }
    const file = await localFileIO.create(`${target.directory}/metadata/v${target.table.version + 1}.metadata.json`)
    await file.write(printMetadata(metadata))
    await file.finish()
    const table = await catalogAt(target.directory).load()
    const { entries } = await rewriteAll({ ...target, table })
    expect(await readRows(table, { files: entries })).toEqual([{ id: 1, level: 'low', later: null }])
    // Now it is in the file.
    expect(entries[0]?.file.lowerBounds.get(9)).toEqual(Uint8Array.from(Buffer.from('low')))
  })

  test('gives the rows of files without field ids by the name mapping, and what only the partition knows', async () => {
    const mapping = printNameMapping([{ 'field-id': 1, names: ['ID'] }])
    const int = { type: 'INT32', repetition_type: 'OPTIONAL' } as const
    const target = await addFile(
      await createTable({
        columns: [optional('id', 'int'), optional('day', 'string')],
        partitionBy: ['identity(day)'],
        properties: { 'schema.name-mapping.default': mapping },
      }),
      { elements: [{ name: 'ID', ...int }], columns: { ID: [1, 2] } },
      new Map([[1000, 'monday']]),
    )
    const expected = [1, 2].map(id => ({ id, day: 'monday' }))
    expect(await readRows(target.table)).toEqual(expected)
    expect(await readBack(target)).toEqual(expected)
  })

  test('is written again in the partition and the spec that its files have', async () => {
    const target = await filled({ ...shape, partitionBy: ['identity(n)'] }, rows(30), rows(30, 50))
    const { entries } = await rewriteAll(target)
    const before = await dataFilesOf(target)
    expect(entries).toHaveLength(before.length / 2)
    for (const { file, specId } of entries) {
      const read = await readRows(target.table, { files: entries.filter(entry => entry.file === file) })
      expect(new Set(read.map(({ n }) => n))).toEqual(new Set([file.partition.get(1000) ?? null]))
      expect(specId).toBe(0)
    }
  })
})

describe('a rewrite that does not come to its end', () => {
  test('leaves no file behind when the bytes of a new file are not what was written', async () => {
    const target = await filled(shape, rows(50), [{ id: 99, text: 'needle', n: null }])
    const before = await readdir(join(target.directory, 'data'))
    const known = new Set(before)
    const io = ioWith({
      open: async path => {
        const input = await localFileIO.open(path)
        if (known.has(path.slice(path.lastIndexOf('/') + 1))) return input
        // One text of a new file is another one when it is read.
        const read = async (start: number, end: number): Promise<Uint8Array> => {
          const bytes = Buffer.from(await input.read(start, end))
          const at = bytes.indexOf('needle')
          if (at >= 0) bytes.write('noodle', at)
          return bytes
        }
        return { ...input, read }
      },
    })
    const table = await catalogAt(target.directory, io).load()
    const { data } = await liveFiles(table)
    const options = { uniqueName: randomUUID, targetFileBytes: 2 ** 20, memoryBytes: 2 ** 20 }
    await expect(rewriteFiles(table, data, [], options)).rejects.toEqual(
      failure('DATA_INVALID', 'have other values: they were removed again'),
    )
    expect(await readdir(join(target.directory, 'data'))).toEqual(before)
  })

  test.each(['create', 'syncFile', 'syncDirectory'] as const)(
    'leaves no file behind when the disk fails at %s',
    async operation => {
      const target = await filled(shape, rows(50))
      const before = await readdir(join(target.directory, 'data'))
      const io = ioWith({ [operation]: () => Promise.reject(new Error('no space')) })
      const table = await catalogAt(target.directory, io).load()
      const { data } = await liveFiles(table)
      const options = { uniqueName: randomUUID, targetFileBytes: 2 ** 20, memoryBytes: 2 ** 20 }
      await expect(rewriteFiles(table, data, [], options)).rejects.toThrow('no space')
      expect(await readdir(join(target.directory, 'data'))).toEqual(before)
    },
  )

  test('stops when it is told to, and leaves no file behind', async () => {
    const target = await filled(shape, rows(50))
    const before = await readdir(join(target.directory, 'data'))
    const stop = AbortSignal.abort(new Error('stopped'))
    await expect(rewriteAll(target, { signal: stop })).rejects.toThrow('stopped')
    expect(await readdir(join(target.directory, 'data'))).toEqual(before)
  })
})

function sortOf({ table: { metadata } }: TestTable): Pick<typeof metadata, 'sort-orders' | 'default-sort-order-id'> {
  return { 'sort-orders': metadata['sort-orders'], 'default-sort-order-id': metadata['default-sort-order-id'] }
}

function sortField(source: number, transform: string): SortField {
  return { transform, 'source-id': source, direction: 'asc', 'null-order': 'nulls-first' }
}
