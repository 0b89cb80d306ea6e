import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { entryStatus } from '../../src/iceberg/manifest/data-file.ts'
import { currentSnapshot } from '../../src/iceberg/metadata.ts'
import { liveDataFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import type { Cell, Field, Type } from '../../src/iceberg/types.ts'
import { avroOutline, manifestListOutline, manifestOutline } from './avro-outline.ts'
import { inOrder, type Plain, typeText } from './foreign-cells.ts'
import { asClickHouse, clickHouseSql, clickHouseType, fromClickHouse, quoted } from './foreign-clickhouse.ts'
import { asIcebird, fromIcebird } from './foreign-icebird.ts'
import { type Installed, installForeign } from './foreign-install.ts'
import { type Ask, lineProgram } from './foreign-process.ts'
import { asPyIceberg, fromPython } from './foreign-pyiceberg.ts'
import { catalogAt, readRows } from './table.ts'

/*
 * The same table read by other engines. They are installed by the first test
 * file that needs them; where that is not possible its tests are skipped, and
 * in CI they fail.
 */

const root = join(import.meta.dirname, '..', '..')
const installed = await installForeign()
const missing = 'missing' in installed ? installed.missing : undefined
if (missing !== undefined) console.warn(`skipped: tests with other engines, which could not be installed — ${missing}`)

/** `describe` for tests that need the engines. */
export const describeWithEngines = missing === undefined || process.env['CI'] === 'true' ? describe : describe.skip

function engine(start: (where: Installed) => Ask): Ask {
  if (!('missing' in installed)) return start(installed)
  return () => Promise.reject(new Error(`CI needs the other engines, and they could not be installed: ${missing}`))
}

const program = (name: string): string => join(root, '.build', 'test', 'support', name)
const askPython = engine(({ python }) => lineProgram(python, [join(root, 'test', 'support', 'python-readers.py')]))
const askClickHouse = engine(({ chdb }) => lineProgram(process.execPath, [program('clickhouse-reader.js'), chdb]))
const askIcebird = engine(() => lineProgram(process.execPath, [program('icebird-reader.js')]))

/** What an engine sees: its columns with their types as it tells them, and rows of plain values. */
export interface Seen {
  readonly types: readonly (readonly [column: string, type: string])[]
  readonly rows: readonly Readonly<Record<string, Plain>>[]
}

/** A column and the value that rows have to have in it, as the engine takes it. */
export type Where = readonly [column: string, value: string | number | boolean]

/** Reads a table with PyIceberg, from the location or path of a metadata file. */
export async function pyicebergRead(metadataFile: string, where?: Where): Promise<Seen> {
  const seen = (await askPython({
    read: 'table',
    file: metadataFile,
    ...(where === undefined ? {} : { where }),
  })) as Seen
  return {
    types: seen.types,
    rows: seen.rows.map(row => mapValues(row, (_name, value) => fromPython(value))),
  }
}

/** Runs SQL in ClickHouse; rows come as arrays. */
export async function clickhouseQuery(sql: string, more = ''): Promise<unknown[][]> {
  const settings = `${more}${more === '' ? '' : ', '}${clickHouseSettings}`
  const output = (await askClickHouse({ sql: `${sql} SETTINGS ${settings}` })) as string
  return output
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as unknown[])
}

const clickHouseSettings =
  'output_format_json_quote_denormals=1, output_format_json_quote_64bit_integers=1, print_pretty_type_names=0'

/** The table function that reads a directory. */
export function icebergLocal(directory: string): string {
  return `icebergLocal('${`${directory}/`.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}')`
}

/** Reads the newest version of the table in a directory with ClickHouse. */
export async function clickhouseRead(directory: string, fields: readonly Field[]): Promise<Seen> {
  const described = await clickhouseQuery(`DESCRIBE ${icebergLocal(directory)}`)
  const columns = fields.map(field => `${clickHouseSql(field.type, quoted(field.name))} AS c${field.id}`)
  const rows = await clickhouseQuery(`SELECT ${columns.join(', ')} FROM ${icebergLocal(directory)}`)
  return {
    types: described.map(([name, type]) => [String(name), String(type)]),
    rows: rows.map(row =>
      Object.fromEntries(fields.map((field, index) => [field.name, fromClickHouse(field.type, row[index])])),
    ),
  }
}

/** Reads a table with icebird, in the words of icebird-reader.ts. */
export async function icebirdRead(metadataFile: string): Promise<readonly Readonly<Record<string, Plain>>[]> {
  return (await askIcebird({ file: metadataFile })) as readonly Readonly<Record<string, Plain>>[]
}

/** An Avro file as fastavro sees it. */
export interface AvroSeen {
  readonly schema: unknown
  readonly metadata: Readonly<Record<string, string>>
  /** Records with their values spelled as by python-readers.py. */
  readonly records: readonly { readonly struct: Readonly<Record<string, Plain>> }[]
}

export async function fastavroRead(file: string): Promise<AvroSeen> {
  return (await askPython({ read: 'avro', file })) as AvroSeen
}

/** Checks every Avro file of the current snapshot with fastavro: ids, attributes, metadata and contents. */
export async function fastavroCheck(table: Table): Promise<void> {
  const snapshot = currentSnapshot(table.metadata)
  if (snapshot === undefined) return
  const list = await fastavroRead(table.path(snapshot['manifest-list'] ?? ''))
  expect(avroOutline(list.schema)).toEqual(manifestListOutline)
  expect(list.metadata).toMatchObject({
    'snapshot-id': String(snapshot['snapshot-id']),
    'parent-snapshot-id': String(snapshot['parent-snapshot-id'] ?? null),
    'sequence-number': String(snapshot['sequence-number']),
    'format-version': '2',
  })
  const manifests = await readManifestList(table)
  expect(
    list.records.map(({ struct }) => [struct['manifest_path'], struct['manifest_length'], struct['added_rows_count']]),
  ).toEqual(manifests.map(manifest => [manifest.location, integer(manifest.length), integer(manifest.addedRows ?? 0)]))
  const files: Plain[] = []
  for (const { location } of manifests) {
    const manifest = await fastavroRead(table.path(location))
    expect(avroOutline(manifest.schema)).toEqual(manifestOutline)
    expect(Object.keys(manifest.metadata)).toEqual(
      expect.arrayContaining([
        'schema',
        'schema-id',
        'partition-spec',
        'partition-spec-id',
        'format-version',
        'content',
      ]),
    )
    const spec = table.metadata['partition-specs'].find(
      candidate => String(candidate['spec-id']) === manifest.metadata['partition-spec-id'],
    )
    expect(JSON.parse(manifest.metadata['partition-spec'] ?? '')).toEqual(spec?.fields)
    expect(partitionIds(manifest.schema)).toEqual(spec?.fields.map(field => field['field-id']))
    for (const { struct } of manifest.records)
      if ((struct['status'] as { integer: string }).integer !== String(entryStatus.deleted))
        files.push((struct['data_file'] as { struct: Plain }).struct)
  }
  expect(files.map(file => pick(file, ['file_path', 'record_count', 'file_size_in_bytes', 'lower_bounds']))).toEqual(
    (await liveDataFiles(table)).map(({ file }) => ({
      file_path: file.location,
      record_count: integer(file.recordCount),
      file_size_in_bytes: integer(file.fileSize),
      lower_bounds: boundsOf(file.lowerBounds),
    })),
  )
}

/** Of a file of nulls there are none, and none are written. */
function boundsOf(bounds: ReadonlyMap<number, Uint8Array>): Plain {
  if (bounds.size === 0) return null
  return Array.from(bounds, ([key, value]) => ({
    struct: { key: integer(key), value: { bytes: Buffer.from(value).toString('hex') } },
  }))
}

function integer(value: number | bigint): Plain {
  return { integer: String(value) }
}

function pick(value: Plain, names: readonly string[]): Plain {
  return Object.fromEntries(names.map(name => [name, (value as Record<string, Plain>)[name] ?? null]))
}

function partitionIds(schema: unknown): unknown[] {
  const fieldsOf = (record: unknown): { name: string; type: unknown; 'field-id': number }[] =>
    (record as { fields: [] }).fields
  const dataFile = fieldsOf(schema).find(field => field.name === 'data_file')?.type
  return fieldsOf(fieldsOf(dataFile).find(field => field.name === 'partition')?.type).map(field => field['field-id'])
}

export type Engine = 'pyiceberg' | 'clickhouse' | 'fastavro' | 'icebird'

/**
 * Expects that every engine sees in a table's directory what our own scan
 * sees: the columns, their types, whether they are required, and every value.
 * @param options.skip engines that cannot read this table; another test has to show why
 */
export async function expectSameEverywhere(
  directory: string,
  { skip = [] }: { readonly skip?: readonly Engine[] } = {},
): Promise<void> {
  const table = await catalogAt(directory).load()
  const { fields } = currentSchema(table.metadata)
  const rows = await readRows(table)
  const ours = (spell: (type: Type, cell: Cell) => Plain): readonly Readonly<Record<string, Plain>>[] =>
    inOrder(rows.map(row => Object.fromEntries(fields.map(field => [field.name, spell(field.type, row[field.name])]))))
  const file = table.path(table.metadataLocation)

  if (!skip.includes('pyiceberg')) {
    const { types, rows: theirs } = await pyicebergRead(file)
    expect(types, 'types that PyIceberg sees').toEqual(
      fields.map(field => [field.name, typeText(field.type, field.required)]),
    )
    expect(inOrder(theirs), 'rows that PyIceberg sees').toEqual(ours(asPyIceberg))
  }
  if (!skip.includes('clickhouse')) {
    const { types, rows: theirs } = await clickhouseRead(directory, fields)
    expect(types, 'types that ClickHouse sees').toEqual(
      fields.map(field => [field.name, clickHouseType(field.type, field.required)]),
    )
    expect(inOrder(theirs), 'rows that ClickHouse sees').toEqual(ours(asClickHouse))
  }
  if (!skip.includes('icebird')) {
    const theirs = await icebirdRead(file)
    const typeOf = new Map(fields.map(field => [field.name, field.type]))
    const seen = theirs.map(row => mapValues(row, (name, value) => fromIcebird(typeOf.get(name) ?? 'string', value)))
    expect(inOrder(seen), 'rows that icebird sees').toEqual(ours(asIcebird))
  }
  if (!skip.includes('fastavro')) await fastavroCheck(table)
}

function mapValues(
  row: Readonly<Record<string, Plain>>,
  map: (name: string, value: Plain) => Plain,
): Record<string, Plain> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, map(name, value)]))
}
