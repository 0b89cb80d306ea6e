import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeAvro } from '../../src/iceberg/avro/encode.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import type { WantedField } from '../../src/iceberg/ids.ts'
import type { ManifestFile } from '../../src/iceberg/manifest/data-file.ts'
import { encodeManifest } from '../../src/iceberg/manifest/manifest.ts'
import { encodeManifestList } from '../../src/iceberg/manifest/manifest-list.ts'
import { scanRows } from '../../src/iceberg/scan.ts'
import { liveDataFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Row } from '../../src/iceberg/types.ts'
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

/** The same table over a disk that writes down which data files it opens. */
async function watched(target: TestTable): Promise<{ target: TestTable; opened: string[] }> {
  const opened: string[] = []
  const io = ioWith({
    open: path => {
      opened.push(path)
      return localFileIO.open(path)
    },
  })
  const catalog = catalogAt(target.directory, io)
  return { target: { ...target, catalog, table: await catalog.load() }, opened }
}

async function filled(shape: TableShape, ...batches: (readonly Row[])[]): Promise<TestTable> {
  let target = await createTable(shape)
  for (const rows of batches) target = await append(target, rows)
  return target
}

function valuesOf(rows: readonly Row[], name: string): unknown[] {
  return rows.map(row => row[name])
}

describe('a column that was promoted', () => {
  test('gives old and new rows in the new type, also inside structs, lists and maps', async () => {
    const narrow: WantedField[] = [
      required('id', 'int'),
      optional('n', 'int'),
      optional('f', 'float'),
      optional('d', 'decimal(9,2)'),
      optional('s', { type: 'struct', fields: [optional('x', 'int')] }),
      optional('l', { type: 'list', element: 'float', elementRequired: false }),
      optional('m', { type: 'map', key: 'string', value: 'decimal(4,1)', valueRequired: false }),
    ]
    const wide: WantedField[] = [
      required('id', 'long'),
      optional('n', 'long'),
      optional('f', 'double'),
      optional('d', 'decimal(38,2)'),
      optional('s', { type: 'struct', fields: [optional('x', 'long')] }),
      optional('l', { type: 'list', element: 'double', elementRequired: false }),
      optional('m', { type: 'map', key: 'string', value: 'decimal(18,1)', valueRequired: false }),
    ]
    let target = await filled({ columns: narrow }, [
      { id: 1, n: -2147483648, f: 0.1, d: -999999999n, s: { x: 7 }, l: [1.5, null], m: [['k', 15n]] },
      { id: 2, n: null, f: null, d: null, s: null, l: null, m: null },
    ])
    target = await evolve(target, wide)
    const big = {
      id: 3n,
      n: 2n ** 60n,
      f: 0.1,
      d: 10n ** 37n,
      s: { x: -(2n ** 60n) },
      l: [0.1],
      m: [['k', 10n ** 17n]],
    }
    target = await append(target, [big])
    expect(await readRows(target.table)).toEqual([
      big,
      { id: 1n, n: -2147483648n, f: Math.fround(0.1), d: -999999999n, s: { x: 7n }, l: [1.5, null], m: [['k', 15n]] },
      { id: 2n, n: null, f: null, d: null, s: null, l: null, m: null },
    ])
  })

  test('still tells by its old bounds where a value can be', async () => {
    let target = await filled({ columns: [required('n', 'int')] }, [{ n: 1 }, { n: 5 }], [{ n: 100 }])
    target = await append(await evolve(target, [required('n', 'long')]), [{ n: 2n ** 40n }])
    const { target: again, opened } = await watched(target)
    expect(await readRows(again.table, { where: { column: 'n', values: new Set([5n]) } })).toEqual([{ n: 5n }])
    expect(opened).toHaveLength(1)
  })

  test('still tells by its old partitions where a value can be', async () => {
    for (const partitionBy of ['identity(n)', 'bucket[16](n)', 'truncate[10](n)']) {
      let target = await filled({ columns: [required('n', 'int')], partitionBy: [partitionBy] }, [{ n: 34 }, { n: 57 }])
      target = await append(await evolve(target, [required('n', 'long')]), [{ n: 34n }])
      const { target: again, opened } = await watched(target)
      expect(await readRows(again.table, { where: { column: 'n', values: new Set([34n]) } })).toEqual([
        { n: 34n },
        { n: 34n },
      ])
      expect([partitionBy, opened.length]).toEqual([partitionBy, 2])
    }
  })
})

describe('a column that a file lacks', () => {
  test('is null, whatever stood under its name before', async () => {
    let target = await filled({ columns: [required('id', 'int'), optional('note', 'string')] }, [
      { id: 1, note: 'old' },
    ])
    target = await evolve(target, [required('id', 'int')])
    target = await evolve(target, [required('id', 'int'), optional('note', 'string')])
    target = await append(target, [{ id: 2, note: 'new' }])
    expect(await readRows(target.table)).toEqual([
      { id: 2, note: 'new' },
      { id: 1, note: null },
    ])
  })

  test('has the value of its identity partition', async () => {
    // As tables have that were filled by a tool which leaves partition columns out of the files.
    const shape: TableShape = {
      columns: [required('id', 'int'), optional('day', 'date'), optional('who', 'uuid'), optional('n', 'long')],
      partitionBy: ['identity(day)', 'identity(who)', 'identity(n)'],
    }
    const uuid = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'
    const target = await filled(shape, [
      { id: 1, day: 19_000, who: uuid, n: 2n ** 60n },
      { id: 2, day: null, who: null, n: null },
    ])
    const only = await filled({ columns: [required('id', 'int')] }, [{ id: 1 }], [{ id: 2 }])
    const bare = await liveDataFiles(only.table)
    const files = (await liveDataFiles(target.table)).map(entry => {
      const id = entry.file.partition.get(1000) === null ? 1 : 0
      const stand = bare[1 - id]
      return { ...entry, file: { ...entry.file, location: only.table.path(stand?.file.location ?? '') } }
    })
    const rows = await readRows(target.table, { files })
    expect(rows.sort((a, b) => Number(a['id']) - Number(b['id']))).toEqual([
      { id: 1, day: 19_000, who: uuid, n: 2n ** 60n },
      { id: 2, day: null, who: null, n: null },
    ])
    const found = await readRows(target.table, {
      files,
      where: { column: 'day', values: new Set([19_000]) },
      columns: ['id'],
    })
    expect(found).toEqual([{ day: 19_000, id: 1 }])
  })

  test('is an error where it is required', async () => {
    const target = await filled({ columns: [optional('a', 'int')] }, [{ a: 1 }])
    const evolved = await evolve(target, [optional('a', 'int'), required('b', 'int')])
    await expect(readRows(evolved.table)).rejects.toEqual(failure('DATA_INVALID', 'lacks the required column b'))
    expect(await readRows(evolved.table, { columns: ['a'] })).toEqual([{ a: 1 }])
  })

  test('does not keep the columns from being asked for alone', async () => {
    const target = await evolve(await filled({ columns: [required('id', 'int')] }, [{ id: 1 }, { id: 2 }]), [
      required('id', 'int'),
      optional('later', 'string'),
    ])
    expect(await readRows(target.table, { columns: ['later'] })).toEqual([{ later: null }, { later: null }])
  })

  test('may be a member of a struct, an added or a dropped one', async () => {
    let target = await filled(
      { columns: [optional('s', { type: 'struct', fields: [optional('a', 'int'), optional('b', 'int')] })] },
      [{ s: { a: 1, b: 2 } }],
    )
    target = await evolve(target, [
      optional('s', { type: 'struct', fields: [optional('c', 'int'), optional('a', 'int')] }),
    ])
    target = await append(target, [{ s: { a: 3, c: 4 } }, { s: null }])
    expect(valuesOf(await readRows(target.table), 's')).toEqual([{ c: 4, a: 3 }, null, { c: null, a: 1 }])
  })
})

test('a renamed column keeps its values, and its name can be taken by another', async () => {
  let target = await filled({ columns: [optional('a', 'string'), optional('b', 'string')] }, [
    { a: 'was a', b: 'was b' },
  ])
  target = await evolve(target, [{ ...optional('x', 'string'), renamedFrom: 'a' }, optional('b', 'string')])
  target = await evolve(target, [optional('x', 'string'), { ...optional('a', 'string'), renamedFrom: 'b' }])
  expect(await readRows(target.table)).toEqual([{ x: 'was a', a: 'was b' }])
})

describe('a filter opens only the files in which its values can be:', () => {
  async function opens(
    shape: TableShape,
    batches: (readonly Row[])[],
    column: string,
    values: readonly (string | number | bigint)[],
  ): Promise<[rows: number, files: number, opened: number]> {
    const { target, opened } = await watched(await filled(shape, ...batches))
    const rows = await readRows(target.table, { where: { column, values: new Set(values) } })
    const all = batches.flat().filter(row => values.includes(row[column] as string))
    expect(rows).toHaveLength(all.length)
    return [rows.length, (await liveDataFiles(target.table)).length, opened.length]
  }

  const texts = (...values: string[]): Row[] => values.map(text => ({ text }))

  test('by bounds', async () => {
    const shape = { columns: [optional('text', 'string')] }
    expect(await opens(shape, [texts('a', 'c'), texts('d', 'f'), texts('g', 'i')], 'text', ['e', 'g'])).toEqual([
      1, 3, 2,
    ])
    expect(await opens(shape, [texts('a', 'c'), texts('d', 'f')], 'text', ['z'])).toEqual([0, 2, 0])
    expect(await opens(shape, [texts('a', 'c'), texts('d', 'f')], 'text', [])).toEqual([0, 2, 0])
  })

  test('by bounds that were cut, and in the order of code points', async () => {
    const shape = { columns: [optional('text', 'string')] }
    const tail = 'x'.repeat(30)
    expect(await opens(shape, [texts(`😀${tail}`), texts(`\uffff${tail}`), texts('a')], 'text', [`😀${tail}`])).toEqual(
      [1, 3, 1],
    )
    expect(await opens(shape, [texts(`\ufeffz${tail}`), texts('a')], 'text', [`\ufeffz${tail}`])).toEqual([1, 2, 1])
    expect(await opens(shape, [texts('\u{10ffff}'.repeat(20))], 'text', ['\u{10ffff}'.repeat(20)])).toEqual([1, 1, 1])
  })

  test('by bucket', async () => {
    const shape = { columns: [required('text', 'string')], partitionBy: ['bucket[8](text)'] }
    const all = Array.from({ length: 40 }, (_, index) => `session ${index}`)
    const [rows, files, opened] = await opens(shape, [texts(...all)], 'text', ['session 7'])
    expect([rows, opened]).toEqual([1, 1])
    expect(files).toBe(8)
  })

  test('by truncation, day and identity', async () => {
    expect(
      await opens(
        { columns: [required('text', 'string')], partitionBy: ['truncate[1](text)'] },
        [texts('ab', 'ac', 'bb', 'cb')],
        'text',
        ['ac'],
      ),
    ).toEqual([1, 3, 1])
    const at = (...days: number[]): Row[] => days.map(day => ({ at: BigInt(day) * 86_400_000_000n + 5n }))
    expect(
      await opens({ columns: [required('at', 'timestamptz')], partitionBy: ['day(at)'] }, [at(-1, 0, 1)], 'at', [
        -86_400_000_000n + 5n,
      ]),
    ).toEqual([1, 3, 1])
    expect(
      await opens(
        { columns: [required('text', 'string')], partitionBy: ['identity(text)'] },
        [texts('a', 'b', '\ufeffa')],
        'text',
        ['\ufeffa'],
      ),
    ).toEqual([1, 3, 1])
  })

  describe('and within a file', () => {
    const shape: TableShape = { columns: [required('text', 'string'), required('blob', 'binary')], sortBy: ['text'] }

    /** Bytes that a scan reads besides the end of the file, which comes by the half megabyte. */
    async function bytesRead(target: TestTable, value: string): Promise<number> {
      let bytes = 0
      const io = ioWith({
        open: async path => {
          const file = await localFileIO.open(path)
          const read = (start: number, end: number): Promise<Uint8Array> => {
            if (end < file.size) bytes += end - start
            return file.read(start, end)
          }
          return { ...file, read }
        },
      })
      const table = await catalogAt(target.directory, io).load()
      await readRows(table, { where: { column: 'text', values: new Set([value]) } })
      return bytes
    }

    test('reads only the row groups', async () => {
      // The text is the large column: what is read of it is what the bounds of the groups let through.
      const rows = Array.from({ length: 50 }, (_, index) => ({
        text: `t${String(index).padStart(2, '0')}${randomBytes(10_000).toString('hex')}`,
        blob: new Uint8Array(),
      }))
      const target = await append(await createTable(shape), rows, 10)
      const one = await bytesRead(target, rows[25]?.text ?? '')
      expect(one).toBeGreaterThan(100_000)
      expect(one).toBeLessThan(300_000)
      expect(await bytesRead(target, 't99')).toBe(0)
    })

    test('reads other columns only where the filtered one has a match', async () => {
      const rows = Array.from({ length: 50 }, (_, index) => ({
        text: `t${String(index * 2).padStart(2, '0')}`,
        blob: Uint8Array.from(randomBytes(20_000)),
      }))
      const target = await append(await createTable(shape), rows, 10)
      expect(await bytesRead(target, 't50')).toBeGreaterThan(200_000)
      // Within the bounds of a group, and not in it.
      expect(await bytesRead(target, 't51')).toBeLessThan(2000)
      expect(await bytesRead(target, 't51')).toBeGreaterThan(0)
      expect(
        await readRows(target.table, { where: { column: 'text', values: new Set(['t50']) }, columns: ['blob'] }),
      ).toEqual([rows[25]])
    })
  })
})

describe('a filter', () => {
  test('leaves out rows that do not match, in files that are read', async () => {
    const { table } = await filled({ columns: [optional('a', 'long'), optional('b', 'string')] }, [
      { a: 1n, b: 'x' },
      { a: 2n, b: 'y' },
      { a: null, b: 'z' },
      { a: 2n, b: null },
    ])
    expect(await readRows(table, { where: { column: 'a', values: new Set([2n]) } })).toEqual([
      { a: 2n, b: 'y' },
      { a: 2n, b: null },
    ])
  })

  test('is refused for columns that are not there, are nested or hold bytes', async () => {
    const { table } = await filled({
      columns: [optional('s', { type: 'struct', fields: [] }), optional('b', 'binary'), optional('f', 'fixed[2]')],
    })
    for (const column of ['nothing', 's', 'b', 'f'])
      await expect(readRows(table, { where: { column, values: new Set(['x']) } })).rejects.toEqual(
        failure('ROW_INVALID', `there is no column ${column} that rows can be filtered by`),
      )
  })
})

describe('a file of the table that is not as it should be', () => {
  const shape = { columns: [required('id', 'int'), optional('text', 'string')] }

  async function withFiles(): Promise<{ target: TestTable; data: string; manifest: string; list: string }> {
    const target = await filled(
      shape,
      Array.from({ length: 200 }, (_, id) => ({ id, text: `text ${id}` })),
    )
    const [data = ''] = await readdir(join(target.directory, 'data'))
    const names = await readdir(join(target.directory, 'metadata'))
    const manifest = names.find(name => name.endsWith('-m0.avro')) ?? ''
    const list = names.find(name => name.startsWith('snap-')) ?? ''
    return {
      target,
      data: join(target.directory, 'data', data),
      manifest: join(target.directory, 'metadata', manifest),
      list: join(target.directory, 'metadata', list),
    }
  }

  test.each(['data', 'manifest', 'list'] as const)('is named when its %s file is missing', async which => {
    const { target, ...files } = await withFiles()
    await rm(files[which])
    await expect(readRows(target.table)).rejects.toMatchObject({
      code: 'FILE_MISSING',
      message: `the table names ${files[which]}, which does not exist`,
      details: { file: files[which] },
    })
  })

  test.each(['manifest', 'list'] as const)('is named when its %s is not Avro, empty or cut off', async which => {
    const { target, ...files } = await withFiles()
    const whole = await readFile(files[which])
    for (const bytes of [new TextEncoder().encode('not avro'), new Uint8Array(), whole.subarray(0, -30)]) {
      await writeFile(files[which], bytes)
      await expect(readRows(target.table)).rejects.toEqual(
        failure('MANIFEST_INVALID', files[which].split('/').at(-1) ?? ''),
      )
    }
  })

  test('is named when its data is not Parquet, empty or cut off', async () => {
    const { target, data } = await withFiles()
    const whole = await readFile(data)
    for (const bytes of [
      new TextEncoder().encode('not parquet at all'),
      new Uint8Array(),
      new Uint8Array(3),
      whole.subarray(0, -30),
      whole.subarray(0, 100),
    ]) {
      await writeFile(data, bytes)
      await expect(readRows(target.table)).rejects.toEqual(failure('DATA_INVALID', `data file ${data} cannot be read`))
    }
  })

  test('is named when its pages are damaged', async () => {
    const { target, data } = await withFiles()
    const whole = await readFile(data)
    await writeFile(
      data,
      Uint8Array.from(whole, (byte, index) => (index >= 4 && index < 60 ? byte ^ 0xff : byte)),
    )
    await expect(readRows(target.table)).rejects.toEqual(failure('DATA_INVALID', `data file ${data} cannot be read`))
  })

  test('is refused when it is of a format that is not read', async () => {
    const { target } = await withFiles()
    const files = (await liveDataFiles(target.table)).map(entry => ({
      ...entry,
      file: { ...entry.file, format: 'ORC' },
    }))
    await expect(readRows(target.table, { files })).rejects.toEqual(
      failure('FORMAT_UNSUPPORTED', 'is ORC; only Parquet is read'),
    )
  })

  test('does not leave files open', async () => {
    const { target, data } = await withFiles()
    await writeFile(data, 'not parquet at all')
    let open = 0
    const io = ioWith({
      open: async path => {
        const file = await localFileIO.open(path)
        open++
        return { ...file, close: () => file.close().finally(() => open--) }
      },
    })
    const table = await catalogAt(target.directory, io).load()
    await expect(readRows(table)).rejects.toThrow('cannot be read')
    expect(open).toBe(0)
  })

  test('an early end of a scan closes the file it was in', async () => {
    const target = await append(
      await createTable(shape),
      Array.from({ length: 30 }, (_, id) => ({ id })),
      10,
    )
    let open = 0
    const io = ioWith({
      open: async path => {
        const file = await localFileIO.open(path)
        open++
        return { ...file, close: () => file.close().finally(() => open--) }
      },
    })
    for await (const rows of scanRows(await catalogAt(target.directory, io).load())) {
      expect(rows).toHaveLength(10)
      expect(open).toBe(1)
      break
    }
    expect(open).toBe(0)
  })
})

describe('a snapshot', () => {
  test('that is not there has no rows', async () => {
    const { table } = await createTable({ columns: [required('id', 'int')] })
    expect(await readRows(table)).toEqual([])
    expect(await readManifestList(table)).toEqual([])
  })

  test('whose manifests stand in the metadata is read, as of the earliest tables', async () => {
    const shape = { columns: [required('id', 'int'), optional('p', 'string')], partitionBy: ['identity(p)'] }
    const { table } = await filled(shape, [{ id: 1, p: 'a' }], [{ id: 2, p: 'b' }])
    const listed = await readManifestList(table)
    const snapshots = table.metadata.snapshots.map(({ 'manifest-list': _list, ...rest }) => ({
      ...rest,
      manifests: listed.map(manifest => manifest.location),
    }))
    const early = { ...table, metadata: { ...table.metadata, snapshots } }
    expect(await readRows(early)).toEqual(await readRows(table))
    const where = { column: 'p', values: new Set(['a']) }
    expect(await readRows(early, { where })).toEqual([{ id: 1, p: 'a' }])
    expect(await readManifestList(early)).toMatchObject(
      listed.map(({ location, length }) => ({ location, length, specId: 0, content: 0, sequenceNumber: 0 })),
    )
    // Nothing is inherited from a list; entries that say nothing are from before there were sequence numbers.
    expect((await liveDataFiles(early)).map(entry => entry.sequenceNumber)).toEqual([0, 0])

    await writeFile(table.path(listed[0]?.location ?? ''), 'not avro')
    await expect(readRows(early)).rejects.toEqual(
      failure('MANIFEST_INVALID', listed[0]?.location.split('/').at(-1) ?? ''),
    )
    const lost = {
      ...early,
      metadata: { ...early.metadata, snapshots: [{ ...snapshots.at(-1), manifests: ['/gone.avro'] }] },
    }
    await expect(readRows(lost as typeof early)).rejects.toEqual(failure('FILE_MISSING', '/gone.avro'))
  })

  test('with a manifest of deletes is not read without it, unless nothing in it is live', async () => {
    const { table } = await filled({ columns: [required('id', 'int')] }, [{ id: 1 }])
    const [manifest] = (await readManifestList(table)) as [ManifestFile]
    const list = table.path(table.metadata.snapshots[0]?.['manifest-list'] ?? '')
    const put = (counts: Partial<ManifestFile>): Promise<void> => {
      const deletes: ManifestFile = { ...manifest, ...counts, content: 1, location: '/gone.avro' }
      const snapshot = { snapshotId: 1, parentSnapshotId: undefined, sequenceNumber: 1 }
      return writeFile(list, encodeManifestList([manifest, deletes], snapshot, new Uint8Array(16)))
    }
    await put({ addedFiles: 0, existingFiles: 0, deletedFiles: 1 })
    expect(await readRows(table)).toEqual([{ id: 1 }])
    expect(await liveDataFiles(table)).toHaveLength(1)
    for (const counts of [{ addedFiles: 1 }, { addedFiles: 0, existingFiles: 1 }]) {
      await put(counts)
      const reads = [
        () => readRows(table),
        () => readRows(table, { files: [] }),
        () => liveDataFiles(table, () => false),
      ]
      for (const read of reads) await expect(read()).rejects.toEqual(failure('FILE_MISSING', '/gone.avro'))
    }
  })

  test('leaves out files that were deleted in it', async () => {
    const target = await filled({ columns: [required('id', 'int')] }, [{ id: 1 }], [{ id: 2 }])
    const [newest, oldest] = await readManifestList(target.table)
    const path = target.table.path(oldest?.location ?? '')
    const [entry] = (await liveDataFiles(target.table)).filter(found => found.sequenceNumber === 1)
    const { metadata } = target.table
    await writeFile(
      path,
      encodeManifest(
        [{ ...(entry as NonNullable<typeof entry>), status: 2 }],
        metadata['partition-specs'][0] as never,
        metadata.schemas[0] as never,
        new Uint8Array(16),
      ),
    )
    expect(newest?.location).not.toBe(oldest?.location)
    expect(await readRows(target.table)).toEqual([{ id: 2 }])
  })
})

test('an Avro file that is no manifest list is not taken for one', async () => {
  const { table } = await filled({ columns: [required('id', 'int')] }, [{ id: 1 }])
  const list = table.path(table.metadata.snapshots[0]?.['manifest-list'] ?? '')
  await writeFile(
    list,
    encodeAvro(
      { type: 'record', name: 'r', fields: [{ name: 'x', type: 'int', 'field-id': 500 }] },
      [{ x: 1 }],
      {},
      new Uint8Array(16),
    ),
  )
  await expect(readRows(table)).rejects.toEqual(failure('MANIFEST_INVALID', 'not a manifest list'))
})
