import { applicableDeletes, deleteFileColumns } from '../iceberg/deletes/applicable.ts'
import { missing } from '../iceberg/deletes/missing.ts'
import { fileContent } from '../iceberg/manifest/data-file.ts'
import type { NameMapping } from '../iceberg/name-mapping.ts'
import type { Field, TableMetadata } from '../iceberg/types.ts'
import { type DeleteColumn, deleteColumns, deleteValue } from './delete-column.ts'
import type { ShapedFile } from './file-shape.ts'
import { isUnpartitioned } from './partition.ts'
import type { AbsentSql } from './projection.ts'
import { quoteText } from './quote.ts'
import { filesSql, groupsOf, type NonEmpty, pathSql, sequenceSql, valuesSql } from './relation.ts'

/*
 * Deleted rows as relations that the rows of data files are held against. A
 * relation says of each row which commits and which partition it deletes it
 * from, so that there is one for all data files, however many they are.
 */

const pathColumn: Field = { id: deleteFileColumns.path, name: 'file_path', required: true, type: 'string' }
const positionColumn: Field = { id: deleteFileColumns.position, name: 'pos', required: true, type: 'long' }

/** Position delete files without field ids have fixed names. */
export const positionDeleteNames: NameMapping = [pathColumn, positionColumn].map(({ id, name }) => ({
  'field-id': id,
  names: [name],
}))

/**
 * Deleted rows as a common table expression, and the condition under which a
 * row `r` of a data file is the same as a row `d` of it. r has the columns
 * number, position, sequence and part of {@link DataNumbers}, and `keys`.
 */
export interface DeletedRows {
  readonly name: string
  readonly sql: string
  readonly condition: string
  readonly keys: readonly { readonly name: string; readonly column: DeleteColumn }[]
  /** Whether any row of a data file can be one of them. */
  appliesTo(file: ShapedFile): boolean
}

/** Files and partitions by number: short to compare, and they take little memory. */
export interface DataNumbers {
  readonly number: (file: ShapedFile) => number
  readonly part: (file: ShapedFile) => number
}

/**
 * All that delete files delete.
 * @throws IcebergError FORMAT_UNSUPPORTED, MANIFEST_INVALID, DATA_INVALID
 */
export function deletedRows(
  data: readonly ShapedFile[],
  deletes: readonly ShapedFile[],
  metadata: TableMetadata,
  numbers: DataNumbers,
): DeletedRows[] {
  const positions = deletes.filter(({ entry }) => entry.file.content === fileContent.positionDeletes)
  const equalities = deletes.filter(({ entry }) => entry.file.content === fileContent.equalityDeletes)
  checkNamedFiles(data, positions, metadata)
  const alike = groupsOf(equalities, ({ entry }) =>
    JSON.stringify([isUnpartitioned(entry, metadata), [...new Set(entry.file.equalityIds)].sort((a, b) => a - b)]),
  )
  return [
    ...groupsOf(positions, () => 0).map(files => positionDeletes(data, files, numbers)),
    ...alike.map((files, index) => equalityDeletes(files, `equality_deletes_${index}`, metadata, numbers)),
  ]
}

/** What the scanner refuses of position deletes that say of which file they are is refused here too. */
function checkNamedFiles(data: readonly ShapedFile[], deletes: readonly ShapedFile[], metadata: TableMetadata): void {
  const byLocation = new Map(data.map(({ entry }) => [entry.file.location, entry]))
  for (const { entry } of deletes) {
    const named = byLocation.get(entry.file.referencedDataFile ?? '')
    if (named !== undefined) applicableDeletes(named, [entry], metadata['partition-specs'])
  }
}

function positionDeletes(
  data: readonly ShapedFile[],
  deletes: NonEmpty<ShapedFile>,
  { number, part }: DataNumbers,
): DeletedRows {
  const newest = newestByPart(deletes, part)
  const appliesTo = (file: ShapedFile): boolean => sequenceOf(file) <= (newest.get(part(file)) ?? -1n)
  const rows = rowsOf(
    deletes,
    [pathColumn, positionColumn].map(field => ({ id: field.id, field, depth: 0 })),
  )
  const by = deletes.map(file => [pathSql(file), sequenceSql(file), String(part(file))])
  const of = data
    .filter(appliesTo)
    .map(file => [quoteText(file.entry.file.location), String(number(file)), sequenceSql(file), String(part(file))])
  return {
    name: 'position_deletes',
    sql:
      of.length === 0
        ? 'SELECT 0 AS number, 0 AS position WHERE false'
        : `SELECT x.number, d.k1 AS position FROM (${rows}) AS d
JOIN ${valuesSql('y', ['path', 'sequence', 'part'], by)} ON y.path = d.path
JOIN ${valuesSql('x', ['location', 'number', 'sequence', 'part'], of)}
ON x.location = d.k0 AND x.part = y.part AND x.sequence <= y.sequence`,
    condition: 'd.number = r.number AND d.position = r.position',
    keys: [],
    appliesTo,
  }
}

function equalityDeletes(
  deletes: NonEmpty<ShapedFile>,
  name: string,
  metadata: TableMetadata,
  numbers: DataNumbers,
): DeletedRows {
  const [first] = deletes
  const isEverywhere = isUnpartitioned(first.entry, metadata)
  const columns = deleteColumns(first, metadata)
  const part = isEverywhere ? () => 0 : numbers.part
  const newest = newestByPart(deletes, part)
  const by = deletes.map(file => [pathSql(file), sequenceSql(file), String(part(file))])
  const keys = columns.map(column => ({ name: `q${column.id}`, column }))
  return {
    name,
    // Somebody who writes the same rows anew each time deletes them each time, and only the last time counts.
    sql: `SELECT ${columns.map((_, index) => `d.k${index}`).join(', ')}, y.part, max(y.sequence) AS sequence FROM (${rowsOf(deletes, columns)}) AS d
JOIN ${valuesSql('y', ['path', 'sequence', 'part'], by)} ON y.path = d.path GROUP BY ALL`,
    // No OR: the engine would compare each row with each.
    condition: [
      ...keys.map((key, index) => `d.k${index} IS NOT DISTINCT FROM r.${key.name}`),
      'r.sequence < d.sequence',
      ...(isEverywhere ? [] : ['d.part = r.part']),
    ].join(' AND '),
    keys,
    appliesTo: file => sequenceOf(file) < (newest.get(part(file)) ?? -1n),
  }
}

/** Values of delete files as k0, k1, … with the path of the file. */
function rowsOf(files: readonly ShapedFile[], columns: readonly DeleteColumn[]): string {
  return groupsOf(files, ({ shape }) => shape)
    .map(group => {
      const [{ entry, shape }] = group
      const absent: AbsentSql = { constant: () => undefined, value: field => missing(entry, field) }
      const values = columns.map((column, index) => `${deleteValue(column, shape, absent)} AS k${index}`)
      return `SELECT ${values.join(', ')}, filename AS path FROM ${filesSql(group)}`
    })
    .join(' UNION ALL ')
}

function newestByPart(files: readonly ShapedFile[], part: (file: ShapedFile) => number): Map<number, bigint> {
  const newest = new Map<number, bigint>()
  for (const file of files) {
    const key = part(file)
    const sequence = sequenceOf(file)
    if (sequence > (newest.get(key) ?? -1n)) newest.set(key, sequence)
  }
  return newest
}

function sequenceOf({ entry }: ShapedFile): bigint {
  return BigInt(entry.sequenceNumber)
}
