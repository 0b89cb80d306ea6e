import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { stageAppend } from '../../src/iceberg/append.ts'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { fileCatalog, tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import { applyUpdates } from '../../src/iceberg/updates/index.ts'
import { builtinDeclaration, newestRelease } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { applyTable, type Receipt } from '../../src/stores/table/store.ts'

/** The declaration that the figures use: every built-in column. */
export const declared: Declaration = builtinDeclaration(newestRelease)

/** The same with more optional columns of a user. */
export function withColumns(...names: readonly string[]): Declaration {
  const added = names.map(name => ({ name, type: 'string', doc: 'A column that a user added.', from: `/${name}` }))
  return { ...declared, columns: [...declared.columns, ...added] }
}

export function catalogAt(directory: string): Catalog {
  return fileCatalog({ io: localFileIO, directory, ...systemContext })
}

/** Brings the table in a directory to a declaration. */
export function apply(directory: string, declaration: Declaration): Promise<Receipt> {
  return applyTable({
    catalog: catalogAt(directory),
    declaration,
    location: tableLocation(directory),
    context: systemContext,
  })
}

/**
 * Metadata of a table with many snapshots: as many appends as asked for, each
 * staged as a real one is, but naming manifests that nobody wrote. An
 * evolution reads none of them.
 */
export function withSnapshots(table: Table, snapshots: number): TableMetadata {
  let { metadata } = table
  for (let n = 0; n < snapshots; n++) {
    const { commit } = stageAppend(
      metadata,
      {
        files: [],
        specId: metadata['default-spec-id'],
        rows: 1000,
        manifest: {
          location: `${metadata.location}/metadata/${randomUUID()}-m0.avro`,
          length: 7000,
          specId: metadata['default-spec-id'],
          content: 0,
          addedFiles: 16,
          existingFiles: 0,
          deletedFiles: 0,
          addedRows: 1000,
          existingRows: 0,
          deletedRows: 0,
          partitions: [],
          keyMetadata: undefined,
        },
      },
      [],
      systemContext,
    )
    metadata = applyUpdates(metadata, commit.updates, { nowMs: Date.now() })
  }
  return metadata
}

/** The metadata files of a table and what each commit left, so that the table can be put back to where it was. */
export async function restorer(directory: string): Promise<() => Promise<void>> {
  const metadata = join(directory, 'metadata')
  const saved = join(directory, 'saved-metadata')
  await rm(saved, { recursive: true, force: true })
  await mkdir(saved)
  const before = await readdir(metadata)
  for (const name of before) await copyFile(join(metadata, name), join(saved, name))
  return async () => {
    const kept = new Set(before)
    for (const name of await readdir(metadata)) if (!kept.has(name)) await rm(join(metadata, name))
    await copyFile(join(saved, 'version-hint.text'), join(metadata, 'version-hint.text'))
  }
}
