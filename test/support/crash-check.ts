import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../src/iceberg/catalog/file-catalog.ts'
import { parseMetadataName } from '../../src/iceberg/catalog/versions.ts'
import { cellText } from '../../src/iceberg/cell-text.ts'
import { IcebergError } from '../../src/iceberg/errors.ts'
import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { ManifestEntry, ManifestFile } from '../../src/iceberg/manifest/data-file.ts'
import { currentSnapshot, parseMetadata } from '../../src/iceberg/metadata.ts'
import { scanRows } from '../../src/iceberg/scan.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import { readManifestList, readManifests } from '../../src/iceberg/snapshot.ts'
import type { Row, TableMetadata } from '../../src/iceberg/types.ts'
import { readEvolutions } from '../../src/schema/applied.ts'
import type { Step } from './crash-story.ts'
import { key } from './crash-table.ts'

/** A step and whether its commit was acknowledged. */
export interface Promised {
  readonly step: Step
  readonly acknowledged: boolean
}

/**
 * Everything that is wrong with a table, as sentences; none when it is sound.
 * What was acknowledged must be there once, whole and readable; what was not
 * may be there whole or not at all.
 */
export async function problemsOf(io: FileIO, directory: string, promised: readonly Promised[]): Promise<string[]> {
  let table: Table
  try {
    table = await fileCatalog({ io, directory, now: Date.now, uniqueName: () => 'none' }).load()
  } catch (error) {
    const absent = error instanceof IcebergError && error.code === 'TABLE_NOT_FOUND'
    if (absent && promised.every(({ acknowledged }) => !acknowledged)) return []
    return [`the table does not open: ${(error as Error).message}`]
  }
  try {
    return [
      ...(await fileProblems(io, directory, table)),
      ...schemaProblems(table.metadata),
      ...columnProblems(table.metadata, promised),
      ...(await rowProblems(table, promised)),
    ]
  } catch (error) {
    return [`the table cannot be read: ${(error as Error).message}`]
  }
}

/** Every file that the metadata names is there with its full bytes, in every snapshot. */
export async function fileProblems(io: FileIO, directory: string, table: Table): Promise<string[]> {
  const problems: string[] = []
  const { metadata } = table
  for (const name of await io.list(`${directory}/metadata`)) {
    if (parseMetadataName(name) === undefined) continue
    try {
      parseMetadata(await io.read(`${directory}/metadata/${name}`), name)
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  const log = metadata['metadata-log'].map(entry => entry['metadata-file'])
  const expected = log.map((_, index) => `v${table.version - log.length + index}.metadata.json`)
  if (log.map(file => file.slice(file.lastIndexOf('/') + 1)).join() !== expected.join()) {
    problems.push(`version ${table.version} does not follow its log: ${log.join()}`)
  }
  for (const file of log) {
    if ((await io.size(table.path(file))) === undefined) problems.push(`${file} is in the log and not there`)
  }
  const read = manifestReader(table)
  const sizes = new Map<string, number | undefined>()
  const sizeOf = async (path: string): Promise<number | undefined> => {
    if (!sizes.has(path)) sizes.set(path, await io.size(path))
    return sizes.get(path)
  }
  for (const [index, snapshot] of metadata.snapshots.entries()) {
    const parent = metadata.snapshots[index - 1]?.['snapshot-id']
    if (snapshot['parent-snapshot-id'] !== parent) problems.push(`snapshot ${index + 1} does not follow the one before`)
    if (snapshot['sequence-number'] !== index + 1)
      problems.push(`snapshot ${index + 1} has number ${snapshot['sequence-number']}`)
    const manifests = await readManifestList(table, snapshot)
    for (const manifest of manifests) {
      const size = await sizeOf(table.path(manifest.location))
      if (size !== manifest.length)
        problems.push(`manifest ${manifest.location} has ${size} of ${manifest.length} bytes`)
    }
    const entries = await read(manifests)
    for (const { file } of entries) {
      const size = await sizeOf(table.path(file.location))
      if (size !== file.fileSize) problems.push(`data file ${file.location} has ${size} of ${file.fileSize} bytes`)
    }
    const records = entries.reduce((sum, { file }) => sum + file.recordCount, 0)
    if (String(records) !== snapshot.summary?.['total-records'])
      problems.push(`snapshot ${index + 1} counts ${snapshot.summary?.['total-records']} rows, has ${records}`)
    if (String(entries.length) !== snapshot.summary?.['total-data-files'])
      problems.push(
        `snapshot ${index + 1} counts ${snapshot.summary?.['total-data-files']} files, has ${entries.length}`,
      )
  }
  const last = metadata.snapshots.at(-1)
  if (currentSnapshot(metadata)?.['snapshot-id'] !== last?.['snapshot-id'])
    problems.push('the newest snapshot is not current')
  return problems
}

/** Reads the manifests of snapshots, which share most of them: each is read once. */
function manifestReader(table: Table): (manifests: readonly ManifestFile[]) => Promise<ManifestEntry[]> {
  const known = new Map<string, ManifestEntry[]>()
  return async manifests => {
    const entries: ManifestEntry[] = []
    for (const manifest of manifests) {
      // Entries inherit the sequence number of their manifest.
      const name = `${manifest.sequenceNumber} ${manifest.location}`
      const own = known.get(name) ?? (await readManifests(table, [manifest]))
      known.set(name, own)
      entries.push(...own)
    }
    return entries
  }
}

/** Field ids: unique in each schema, of one name and one meaning in all, none above the last that was given out. */
export function schemaProblems(metadata: TableMetadata): string[] {
  const problems: string[] = []
  const pathOf = new Map<number, string>()
  const idOf = new Map<string, number>()
  for (const schema of metadata.schemas) {
    const seen = new Set<number>()
    for (const { id, path } of walkFields(schema)) {
      if (seen.has(id)) problems.push(`schema ${schema['schema-id']} has id ${id} twice`)
      seen.add(id)
      if ((pathOf.get(id) ?? path) !== path) problems.push(`id ${id} was ${pathOf.get(id)} and is ${path}`)
      if ((idOf.get(path) ?? id) !== id) problems.push(`${path} had id ${idOf.get(path)} and has ${id}`)
      if (id > metadata['last-column-id'])
        problems.push(`id ${id} is above last-column-id ${metadata['last-column-id']}`)
      pathOf.set(id, path)
      idOf.set(path, id)
    }
  }
  const ids = metadata.schemas.map(schema => schema['schema-id'])
  if (ids.some((id, index) => id !== index)) problems.push(`schema ids are ${ids.join()}`)
  const evolutions = readEvolutions(metadata.properties).map(({ n }) => n)
  if (evolutions.some((n, index) => n !== index + 1)) problems.push(`evolutions are ${evolutions.join()}`)
  return problems
}

function columnProblems(metadata: TableMetadata, promised: readonly Promised[]): string[] {
  const present = new Set(currentSchema(metadata).fields.map(field => field.name))
  return promised.flatMap(({ step, acknowledged }) => {
    const there = (step.columns ?? []).filter(name => present.has(name))
    const all = there.length === (step.columns ?? []).length
    if (all || (!acknowledged && there.length === 0)) return []
    return [`of the columns of "${step.name}" there are ${there.join() || 'none'}`]
  })
}

async function rowProblems(table: Table, promised: readonly Promised[]): Promise<string[]> {
  const problems: string[] = []
  const found = new Map<string, Row>()
  for await (const rows of scanRows(table)) {
    for (const row of rows) {
      const text = key.of(row)
      if (found.has(text)) problems.push(`row ${text} is there twice`)
      found.set(text, row)
    }
  }
  for (const { step, acknowledged } of promised) {
    const own = step.own ?? []
    const there = own.filter(row => found.has(key.of(row)))
    if (there.length !== own.length && (acknowledged || there.length > 0))
      problems.push(`of the ${own.length} rows of "${step.name}" there are ${there.length}`)
    for (const row of there) {
      const stored = found.get(key.of(row)) as Row
      for (const [name, cell] of Object.entries(row)) {
        if (cellText(stored[name]) !== cellText(cell))
          problems.push(`row ${key.of(row)} has ${name} ${cellText(stored[name])} in place of ${cellText(cell)}`)
      }
      found.delete(key.of(row))
    }
  }
  for (const text of found.keys()) problems.push(`row ${text} was never written`)
  return problems
}

/** Files in a table's directory that nothing names. They harm nobody, but only a crash may leave any. */
export async function orphansOf(io: FileIO, directory: string): Promise<string[]> {
  const named = new Set<string>()
  const table = await fileCatalog({ io, directory, now: Date.now, uniqueName: () => 'none' })
    .load()
    .catch(() => undefined)
  if (table !== undefined) {
    const { metadata } = table
    const add = (location: string): unknown => named.add(table.path(location))
    add(table.metadataLocation)
    add(`${metadata.location}/metadata/version-hint.text`)
    for (const entry of metadata['metadata-log']) add(entry['metadata-file'])
    const read = manifestReader(table)
    for (const snapshot of metadata.snapshots) {
      add(snapshot['manifest-list'] as string)
      const manifests = await readManifestList(table, snapshot)
      for (const manifest of manifests) add(manifest.location)
      for (const { file } of await read(manifests)) add(file.location)
    }
  }
  const files = await Promise.all(
    ['metadata', 'data'].map(async name =>
      (await io.list(`${directory}/${name}`)).map(file => `${directory}/${name}/${file}`),
    ),
  )
  return files.flat().filter(file => !named.has(file))
}
