import type { Commit } from '../commit.ts'
import { IcebergError } from '../errors.ts'
import { type FileIO, isNotFound, writeFile } from '../file-io/file-io.ts'
import { parseMetadata, printMetadata } from '../metadata.ts'
import { checkRequirements } from '../requirements.ts'
import type { TableMetadata } from '../types.ts'
import { applyUpdates, emptyMetadata } from '../updates/index.ts'
import type { Catalog, Table } from './catalog.ts'
import { locationOf, pathResolver } from './location.ts'
import { newestMetadataFile } from './versions.ts'

/** What a file catalog needs from the outside. */
export interface FileCatalogOptions {
  readonly io: FileIO
  /** The table's directory, an absolute path. */
  readonly directory: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A new unique name for a temporary file. */
  readonly uniqueName: () => string
}

/**
 * A table in a directory (spec "File System Tables"). A commit is the hard
 * link of a complete, durable file to the name `v<N+1>.metadata.json`: it
 * either takes the name or finds it taken. The directory is listed to find the
 * newest version; `version-hint.text` is written for other engines and never
 * believed.
 */
export function fileCatalog(options: FileCatalogOptions): Catalog {
  const { io, directory, now, uniqueName } = options
  const metadataDirectory = `${directory}/metadata`

  return { load, create, commit }

  async function load(): Promise<Table> {
    // A file may be trimmed between listing and reading; then there is a newer one.
    for (let attempt = 0; ; attempt++) {
      const newest = newestMetadataFile(await io.list(metadataDirectory))
      if (newest === undefined) {
        throw new IcebergError('TABLE_NOT_FOUND', `there is no table at ${directory}`, { directory })
      }
      const path = `${metadataDirectory}/${newest.name}`
      try {
        return table(parseMetadata(await io.read(path), path), newest.name, newest.version)
      } catch (error) {
        if (!isNotFound(error) || attempt >= 20) throw error
      }
    }
  }

  async function create(initial: Commit): Promise<Table> {
    if (newestMetadataFile(await io.list(metadataDirectory)) !== undefined) throw alreadyThere()
    checkRequirements(null, initial.requirements)
    const metadata = applyUpdates(emptyMetadata, initial.updates, { nowMs: now() })
    await io.makeDirectory(metadataDirectory)
    await io.makeDirectory(`${directory}/data`)
    if (!(await publish(metadata, 1))) throw alreadyThere()
    return table(metadata, 'v1.metadata.json', 1)
  }

  async function commit(base: Table, change: Commit): Promise<Table> {
    checkRequirements(base.metadata, change.requirements)
    const metadata = applyUpdates(base.metadata, change.updates, { nowMs: now(), baseFile: base.metadataLocation })
    if (metadata === base.metadata) return base
    checkStays(base.metadata, metadata)
    const version = base.version + 1
    if (!(await publish(metadata, version, base))) {
      throw new IcebergError('COMMIT_CONFLICT', `version ${version} of ${directory} was committed by another writer`, {
        version,
      })
    }
    await removeTrimmed(base.metadata, metadata)
    return table(metadata, `v${version}.metadata.json`, version)
  }

  /** Makes a version durable under its name. False when the name is taken or the base is no longer current. */
  async function publish(metadata: TableMetadata, version: number, base?: Table): Promise<boolean> {
    const temporary = `${metadataDirectory}/${uniqueName()}.tmp`
    const target = `${metadataDirectory}/v${version}.metadata.json`
    await writeFile(io, temporary, printMetadata(metadata))
    let linked = false
    try {
      // The same version may exist compressed or in the catalogs' style of names.
      if (base !== undefined && (newestMetadataFile(await io.list(metadataDirectory))?.version ?? 0) > base.version)
        return false
      linked = await io.link(temporary, target)
    } finally {
      await io.remove(temporary).catch(() => undefined)
    }
    if (!linked) return false
    // Old versions are removed oldest first: when the base is gone, newer ones were trimmed too and the name was only free again.
    if (base !== undefined && (await io.size(base.path(base.metadataLocation))) === undefined) {
      await io.remove(target)
      return false
    }
    try {
      await io.syncDirectory(metadataDirectory)
    } catch (cause) {
      throw new IcebergError(
        'COMMIT_STATE_UNKNOWN',
        `version ${version} of ${directory} may or may not survive a power cut: its directory could not be synced`,
        { version },
        cause,
      )
    }
    await writeHint(version)
    return true
  }

  /** The hint is a courtesy to engines that cannot list; losing it loses nothing. */
  async function writeHint(version: number): Promise<void> {
    const temporary = `${metadataDirectory}/${uniqueName()}.tmp`
    try {
      const file = await io.create(temporary)
      await file.write(new TextEncoder().encode(`${version}`))
      await file.finish({ durable: false })
      await io.rename(temporary, `${metadataDirectory}/version-hint.text`)
    } catch {
      await io.remove(temporary).catch(() => undefined)
    }
  }

  /** Removes metadata files that fell out of the log, oldest first, where the table asks for it. */
  async function removeTrimmed(before: TableMetadata, after: TableMetadata): Promise<void> {
    if (after.properties['write.metadata.delete-after-commit.enabled'] !== 'true') return
    const kept = new Set(after['metadata-log'].map(entry => entry['metadata-file']))
    const resolve = pathResolver(after.location, directory)
    for (const entry of before['metadata-log']) {
      if (kept.has(entry['metadata-file'])) continue
      try {
        await io.remove(resolve(entry['metadata-file']))
      } catch {
        return // oldest first: nothing newer may go before this one
      }
    }
  }

  function table(metadata: TableMetadata, name: string, version: number): Table {
    return {
      metadata,
      metadataLocation: `${metadata.location}/metadata/${name}`,
      version,
      io,
      path: pathResolver(metadata.location, directory),
    }
  }

  function alreadyThere(): IcebergError {
    return new IcebergError('TABLE_EXISTS', `there is a table at ${directory} already`, { directory })
  }
}

/** A file-system table stays where it is: readers find it by its directory. */
function checkStays(before: TableMetadata, after: TableMetadata): void {
  if (after.location !== before.location)
    throw new IcebergError('UPDATE_ILLEGAL', 'a table in a directory cannot be given another location by a commit')
  if (after.properties['write.metadata.path'] !== undefined) {
    throw new IcebergError(
      'UPDATE_ILLEGAL',
      'a table in a directory keeps its metadata there: write.metadata.path cannot be set',
    )
  }
}

/** The location to create a table with, so that every engine finds it. */
export function tableLocation(directory: string): string {
  return locationOf(directory)
}
