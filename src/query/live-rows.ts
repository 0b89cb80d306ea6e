import { specById } from '../iceberg/metadata.ts'
import { absentValues } from '../iceberg/projection.ts'
import { walkFields } from '../iceberg/schema-index.ts'
import type { Field, TableMetadata } from '../iceberg/types.ts'
import { deleteValue } from './delete-column.ts'
import { type DataNumbers, type DeletedRows, deletedRows } from './delete-rows.ts'
import type { ShapedFile } from './file-shape.ts'
import { cellSql } from './literal.ts'
import { partitionNumbers } from './partition.ts'
import { type AbsentSql, absentFields, projection } from './projection.ts'
import { quoteName } from './quote.ts'
import { filesSql, groupsOf, type NonEmpty, pathSql, sequenceSql, valuesSql } from './relation.ts'

/** A data file with what decides how it is read. */
interface Planned {
  readonly file: ShapedFile
  readonly deletes: readonly DeletedRows[]
  /** Values of fields that the partition says and the file does not: SQL texts by field id. */
  readonly facts: ReadonlyMap<number, string>
}

/** Names of columns that say where a row stands: the number of its file in `data`, and its place in it, from 0. */
export interface PlaceNames {
  readonly file: string
  readonly row: string
}

/**
 * The live rows of data files as a query. Each file is read under its own
 * schema, and those that are read alike are one reading.
 * @param fields the columns to give, of the current schema
 * @param data at least one
 * @param places columns to give besides
 * @throws IcebergError FORMAT_UNSUPPORTED, MANIFEST_INVALID, DATA_INVALID, METADATA_INVALID
 */
export function liveRowsSql(
  fields: readonly Field[],
  metadata: TableMetadata,
  data: readonly ShapedFile[],
  deletes: readonly ShapedFile[],
  places?: PlaceNames,
): string {
  const numbers = dataNumbers(data, metadata)
  const deleted = deletedRows(data, deletes, metadata, numbers)
  const planned = data.map((file): Planned => {
    const applicable = deleted.filter(rows => rows.appliesTo(file))
    const keys = applicable.flatMap(rows => rows.keys.map(({ column }) => column.field))
    return { file, deletes: applicable, facts: factsOf(file, [...fields, ...keys], metadata) }
  })
  const shapes = [...new Set(data.map(({ shape }) => shape))]
  const readings = groupsOf(planned, ({ file, deletes: applicable, facts }) =>
    JSON.stringify([
      shapes.indexOf(file.shape),
      applicable.map(({ name }) => name),
      [...facts.keys()].sort((a, b) => a - b),
    ]),
  ).map(group => readingSql(fields, metadata, group, numbers, places))
  const tables = deleted.map(({ name, sql }) => `${name} AS (${sql})`)
  return `${tables.length === 0 ? '' : `WITH ${tables.join(',\n')}\n`}${readings.join('\nUNION ALL\n')}`
}

function dataNumbers(data: readonly ShapedFile[], metadata: TableMetadata): DataNumbers {
  const numbers = new Map(data.map((file, number) => [file, number]))
  const partOf = partitionNumbers(metadata)
  return { number: file => numbers.get(file) as number, part: ({ entry }) => partOf(entry) }
}

/** What is different from file to file of one shape. */
function factsOf({ entry, shape }: ShapedFile, fields: readonly Field[], metadata: TableMetadata): Map<number, string> {
  const spec = specById(metadata, entry.specId)
  if (!spec.fields.some(field => field.transform === 'identity')) return new Map()
  const values = absentValues(entry, spec)
  const isSaid = (id: number): boolean => (values.constant(id) ?? null) !== null
  const absent: AbsentSql = { constant: id => (isSaid(id) ? '' : undefined), value: () => '' }
  return new Map(
    absentFields(fields, shape, absent)
      .filter(field => walkFields({ type: 'struct', fields: [field] }).some(({ id }) => isSaid(id)))
      .map(field => [field.id, cellSql(values.value(field), field.type)]),
  )
}

/** One reading of files that are of one shape, have facts of the same fields and deletes of the same kinds. */
function readingSql(
  fields: readonly Field[],
  metadata: TableMetadata,
  group: NonEmpty<Planned>,
  numbers: DataNumbers,
  places: PlaceNames | undefined,
): string {
  const [{ file, deletes, facts }] = group
  const { shape, entry } = file
  const values = absentValues(entry, specById(metadata, entry.specId))
  const fact = (id: number): string | undefined => (facts.has(id) ? `k${id}` : undefined)
  const absent: AbsentSql = {
    constant: fact,
    value: field => fact(field.id) ?? cellSql(values.value(field), field.type),
  }
  const columns = fields.map(field => `${projection(field, shape, absent)} AS ${quoteName(field.name)}`).join(', ')
  const files = filesSql([group[0].file, ...group.slice(1).map(planned => planned.file)])
  if (deletes.length === 0 && facts.size === 0 && places === undefined) return `SELECT ${columns} FROM ${files}`

  const names = ['path', 'number', 'sequence', 'part', ...Array.from(facts.keys(), id => `k${id}`)]
  const told = group.map(planned => [
    pathSql(planned.file),
    String(numbers.number(planned.file)),
    sequenceSql(planned.file),
    String(numbers.part(planned.file)),
    ...Array.from(facts.keys(), id => planned.facts.get(id) as string),
  ])
  const keys = new Map(deletes.flatMap(rows => rows.keys.map(({ name, column }) => [name, column])))
  const keyColumns = Array.from(keys, ([name, column]) => `, ${deleteValue(column, shape, absent)} AS ${name}`)
  const joins = deletes.map(({ name, condition }) => `\nANTI JOIN ${name} AS d ON ${condition}`)
  const place =
    places === undefined ? '' : `, r.number AS ${quoteName(places.file)}, r.position AS ${quoteName(places.row)}`
  return `SELECT ${columns}${place} FROM (
SELECT f.*, x.*${keyColumns.join('')} FROM (SELECT f.*, filename AS name, file_row_number AS position FROM ${files}) AS f
JOIN ${valuesSql('x', names, told)} ON x.path = f.name
) AS r${joins.join('')}`
}
