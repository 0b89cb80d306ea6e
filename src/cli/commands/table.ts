import { cellText } from '../../iceberg/cell-text.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { specById } from '../../iceberg/metadata.ts'
import { printType } from '../../iceberg/primitive.ts'
import { indexById } from '../../iceberg/schema-index.ts'
import { liveFiles } from '../../iceberg/snapshot.ts'
import { readApplied } from '../../schema/applied.ts'
import { rowCount } from '../../schema/plan.ts'
import { takeLease } from '../../stores/leases.ts'
import type { Verification } from '../../stores/table/verify.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import { loadTable, type NamedTable } from '../named-table.ts'
import type { OptionValues } from '../option.ts'
import { alignColumns, bytes, count, plural, wrap } from '../render/text.ts'
import { visible } from '../render/visible.ts'

/** The table: where it is, its columns, keys and counts. */
export async function runTableShow(
  context: CommandContext,
  options: OptionValues,
  wanted: string | undefined,
): Promise<number> {
  const { name, metadata, version, path } = await loadTable(context, wanted)
  const schema = currentSchema(metadata)
  const byId = indexById(schema)
  const nameOf = (id: number): string => byId.get(id)?.path ?? `#${id}`
  const partition = specById(metadata, metadata['default-spec-id']).fields.map(field => ({
    name: field.name,
    transform: field.transform,
    column: nameOf(field['source-id']),
  }))
  const identifier = (schema['identifier-field-ids'] ?? []).map(nameOf)
  const release = readApplied(metadata.properties).release ?? null
  if (options['json'] === true) {
    await printDocument(context.io, {
      table: name,
      uuid: metadata['table-uuid'],
      location: metadata.location,
      directory: path(`${metadata.location}/x`).slice(0, -2),
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
    `table     ${name}, release ${release ?? 'none'}, schema ${schema['schema-id']}, metadata v${version}`,
    `uuid      ${metadata['table-uuid']}`,
    `location  ${metadata.location}`,
    `rows      ${count(rowCount(metadata))} in ${plural(metadata.snapshots.length, 'snapshot')}`,
    `row key   ${identifier.join(', ') || 'none'}`,
    `partition ${partition.map(field => `${field.transform}(${field.column})`).join(', ') || 'none'}`,
    '',
    ...schema.fields.flatMap(field => [
      `${String(field.id).padStart(4)}  ${field.name.padEnd(28)} ${printType(field.type)}${field.required ? ', required' : ''}`,
      ...wrap(visible(field.doc ?? ''), 90).map(line => `        ${line}`),
    ]),
  ]
  await context.io.stdout(`${lines.map(visible).join('\n')}\n`)
  return 0
}

const contents = { 0: 'data', 1: 'position deletes', 2: 'equality deletes' } as const

/** The live files: of data, and of deletes where another program left some. */
export async function runTableFiles(
  context: CommandContext,
  options: OptionValues,
  wanted: string | undefined,
): Promise<number> {
  const table = await loadTable(context, wanted)
  const { data, deletes } = await liveFiles(table)
  const files = [...data, ...deletes].map(({ file, sequenceNumber }) => ({
    path: table.path(file.location),
    content: contents[file.content],
    rows: file.recordCount,
    size: file.fileSize,
    partition: Array.from(file.partition.values(), value =>
      typeof value === 'bigint' ? String(value) : (value ?? null),
    ),
    sequenceNumber,
  }))
  if (options['json'] === true) {
    await printDocument(context.io, { table: table.name, files })
    return 0
  }
  const rows = [
    ['rows', 'size', 'partition', 'file'],
    ...files.map(file => [
      count(file.rows),
      bytes(file.size),
      file.partition.map(cellText).join(','),
      file.content === 'data' ? file.path : `${file.path} (${file.content})`,
    ]),
  ]
  const total = files.reduce((sum, file) => sum + file.size, 0)
  await context.io.stdout(
    `${alignColumns(rows, [0, 1, 2]).map(visible).join('\n')}\n${plural(files.length, 'file')}, ${bytes(total)}\n`,
  )
  return 0
}

/** Re-reads everything, in a thread of its own; exit status 1 when anything is damaged. */
export async function runTableVerify(
  context: CommandContext,
  options: OptionValues,
  wanted: string | undefined,
): Promise<number> {
  const { table, result } = await verifyNamed(context, wanted)
  const ok = result.damage.length === 0 && result.icebird !== 'differs'
  if (options['json'] === true) await printDocument(context.io, { table: table.name, ok, ...result })
  else {
    for (const { file, message } of result.damage) await context.io.stdout(`${visible(`! ${file}: ${message}`)}\n`)
    const left = result.notCompared.length === 0 ? '' : ` (not compared: ${result.notCompared.join(', ')})`
    const { hashed, unhashed, moved } = result
    const without = unhashed === 0 ? '' : ` (${count(unhashed)} more without a hash)`
    const hashes = !ok || hashed + unhashed === 0 ? '' : `; bytes as written: ${plural(hashed, 'file')}${without}`
    const icebird = result.icebird === null ? '' : `; re-read by icebird: ${result.icebird}${left}`
    await context.io.stdout(
      `${plural(result.files, 'file')}, ${plural(result.rows, 'row')}: ${ok ? 'all as the manifests say' : result.damage.length === 0 ? 'icebird reads other rows' : `${plural(result.damage.length, 'problem')} found`}${hashes}${icebird}\n`,
    )
    if (moved !== null)
      await context.io.stdout(
        `${visible(`the table says that it lies at ${moved}: run ${context.pasteable(`hyp table relocate ${table.name}`)} for other programs to find it`)}\n`,
      )
  }
  return ok ? 0 : 1
}

async function verifyNamed(
  context: CommandContext,
  wanted: string | undefined,
): Promise<{ readonly table: NamedTable; readonly result: Verification }> {
  const { verifyInThread } = await import('../verify/verify-thread.ts')
  // What is read now is not expired meanwhile.
  const lease = await takeLease(context.home)
  try {
    const table = await loadTable(context, wanted)
    const directory = table.path(`${table.metadata.location}/x`).slice(0, -2)
    return { table, result: await verifyInThread({ directory }, context.io.signal) }
  } finally {
    await lease.release()
  }
}
