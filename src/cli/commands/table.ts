import type { Table } from '../../iceberg/catalog/catalog.ts'
import { cellText } from '../../iceberg/cell-text.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { specById } from '../../iceberg/metadata.ts'
import { printType } from '../../iceberg/primitive.ts'
import { liveDataFiles } from '../../iceberg/snapshot.ts'
import { readApplied } from '../../schema/applied.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { rowCount } from '../../schema/plan.ts'
import { openCatalog } from '../../stores/table/catalog.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { alignColumns, bytes, count, plural, wrap } from '../render/text.ts'

function load(context: CommandContext): Promise<Table> {
  return openCatalog(context.home, builtinTable).load()
}

/** The table: where it is, its columns, keys and counts. */
export async function runTableShow(context: CommandContext, options: OptionValues): Promise<number> {
  const { metadata, version } = await load(context)
  const schema = currentSchema(metadata)
  const nameOf = (id: number): string => schema.fields.find(field => field.id === id)?.name ?? `#${id}`
  const partition = specById(metadata, metadata['default-spec-id']).fields.map(field => ({
    name: field.name,
    transform: field.transform,
    column: nameOf(field['source-id']),
  }))
  const identifier = (schema['identifier-field-ids'] ?? []).map(nameOf)
  const release = readApplied(metadata.properties).release ?? null
  if (options['json'] === true) {
    await printDocument(context.io, {
      table: builtinTable,
      uuid: metadata['table-uuid'],
      location: metadata.location,
      icebergFormatVersion: metadata['format-version'],
      metadataVersion: version,
      release,
      schemaId: schema['schema-id'],
      lastColumnId: metadata['last-column-id'],
      rows: rowCount(metadata),
      snapshots: metadata.snapshots.length,
      identifier,
      partition,
      columns: schema.fields.map(field => ({
        fieldId: field.id,
        name: field.name,
        type: printType(field.type),
        required: field.required,
        doc: field.doc ?? null,
      })),
    })
    return 0
  }
  const lines = [
    `table     ${builtinTable}, release ${release ?? 'unknown'}, schema ${schema['schema-id']}, metadata v${version}`,
    `uuid      ${metadata['table-uuid']}`,
    `location  ${metadata.location}`,
    `rows      ${count(rowCount(metadata))} in ${plural(metadata.snapshots.length, 'snapshot')}`,
    `row key   ${identifier.join(', ')}`,
    `partition ${partition.map(field => `${field.transform}(${field.column})`).join(', ')}`,
    '',
    ...schema.fields.flatMap(field => [
      `${String(field.id).padStart(4)}  ${field.name.padEnd(28)} ${printType(field.type)}${field.required ? ', required' : ''}`,
      ...wrap(field.doc ?? '', 90).map(line => `        ${line}`),
    ]),
  ]
  await context.io.stdout(`${lines.join('\n')}\n`)
  return 0
}

/** The live data files. */
export async function runTableFiles(context: CommandContext, options: OptionValues): Promise<number> {
  const table = await load(context)
  const files = (await liveDataFiles(table)).map(({ file, sequenceNumber }) => ({
    path: table.path(file.location),
    rows: file.recordCount,
    size: file.fileSize,
    partition: Array.from(file.partition.values(), value =>
      typeof value === 'bigint' ? String(value) : (value ?? null),
    ),
    sequenceNumber,
  }))
  if (options['json'] === true) {
    await printDocument(context.io, { table: builtinTable, files })
    return 0
  }
  const rows = [
    ['rows', 'size', 'partition', 'file'],
    ...files.map(file => [count(file.rows), bytes(file.size), file.partition.map(cellText).join(','), file.path]),
  ]
  const total = files.reduce((sum, file) => sum + file.size, 0)
  await context.io.stdout(
    `${alignColumns(rows, [0, 1, 2]).join('\n')}\n${plural(files.length, 'file')}, ${bytes(total)}\n`,
  )
  return 0
}

/** Re-reads everything; exit status 1 when anything is damaged. */
export async function runTableVerify(context: CommandContext, options: OptionValues): Promise<number> {
  const { verifyTable } = await import('../../stores/table/verify.ts')
  const result = await verifyTable(await load(context))
  const ok = result.damage.length === 0 && result.icebird !== 'differs'
  if (options['json'] === true) await printDocument(context.io, { table: builtinTable, ok, ...result })
  else {
    for (const { file, message } of result.damage) await context.io.stdout(`! ${file}: ${message}\n`)
    const left = result.notCompared.length === 0 ? '' : ` (not compared: ${result.notCompared.join(', ')})`
    const icebird = result.icebird === null ? '' : `; re-read by icebird: ${result.icebird}${left}`
    await context.io.stdout(
      `${plural(result.files, 'file')}, ${plural(result.rows, 'row')}: ${ok ? 'all as the manifests say' : result.damage.length === 0 ? 'icebird reads other rows' : `${plural(result.damage.length, 'problem')} found`}${icebird}\n`,
    )
  }
  return ok ? 0 : 1
}
