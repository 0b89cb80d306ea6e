import type { Commit } from '../commit.ts'
import { IcebergError } from '../errors.ts'
import { directoryOf, type FileIO, isNotFound, writeFile } from '../file-io/file-io.ts'
import { parseMetadata, printMetadata } from '../metadata.ts'
import { checkRequirements } from '../requirements.ts'
import type { TableMetadata } from '../types.ts'
import { applyUpdates, emptyMetadata } from '../updates/index.ts'
import type { Catalog, Table } from './catalog.ts'
import { locationOf, pathResolver } from './location.ts'
import {
  isNumbered,
  type MetadataFile,
  newestMetadataFile,
  oldestPending,
  parseMetadataName,
  pendingName,
} from './versions.ts'

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

/** A catalog of one directory, which is where its table is, whatever the table says. */
export interface FileCatalog extends Catalog {
  /**
   * Commits metadata that says the table is in this directory; everything else a commit cannot change stays.
   * @throws IcebergError as {@link Catalog.commit}
   */
  relocate(base: Table, metadata: TableMetadata): Promise<Table>
}

/**
 * A table in a directory (spec "File System Tables"). A commit is the hard
 * link of a complete, durable file to the name `v<N+1>.metadata.json`: it
 * either takes the name or finds it taken. The directory is listed to find the
 * newest version; `version-hint.text` is written for other engines and never
 * believed.
 */
export function fileCatalog(options: FileCatalogOptions): FileCatalog {
  const { io, directory, now, uniqueName } = options
  const metadataDirectory = `${directory}/metadata`

  return { load, create, commit, relocate }

  async function load(): Promise<Table> {
    // A file may be trimmed between listing and reading; then there is a newer one.
    for (let attempt = 0; ; attempt++) {
      const names = await io.list(metadataDirectory)
      const newest = newestMetadataFile(names)
      if (newest === undefined) {
        throw new IcebergError('TABLE_NOT_FOUND', `there is no table at ${directory}`, { directory })
      }
      const path = `${metadataDirectory}/${newest.name}`
      try {
        const metadata = parseMetadata(await io.read(path), path)
        checkIsOneLine(metadata, newest, names, directory)
        return table(metadata, newest.name, newest.version)
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
    // Whoever made the directories may have died before their names were durable.
    for (const parent of [directory, directoryOf(directory)]) await io.syncDirectory(parent)
    if ((await publish(metadata, 1)) === undefined) throw alreadyThere()
    return table(metadata, 'v1.metadata.json', 1)
  }

  async function commit(base: Table, change: Commit): Promise<Table> {
    checkRequirements(base.metadata, change.requirements)
    const metadata = applyUpdates(base.metadata, change.updates, { nowMs: now(), baseFile: base.metadataLocation })
    if (metadata === base.metadata) return base
    checkStays(base.metadata, metadata)
    return replace(base, metadata)
  }

  async function relocate(base: Table, metadata: TableMetadata): Promise<Table> {
    if (metadata.location !== locationOf(directory) || metadata['table-uuid'] !== base.metadata['table-uuid'])
      throw new IcebergError('UPDATE_ILLEGAL', `a table in ${directory} cannot be relocated to ${metadata.location}`)
    return replace(base, metadata)
  }

  async function replace(base: Table, metadata: TableMetadata): Promise<Table> {
    const version = base.version + 1
    const names = await publish(metadata, version, base)
    if (names === undefined) {
      throw new IcebergError('COMMIT_CONFLICT', `version ${version} of ${directory} was committed by another writer`, {
        version,
      })
    }
    await removeTrimmed(metadata, version, names)
    return table(metadata, `v${version}.metadata.json`, version)
  }

  /**
   * Makes a version durable under its name. Its temporary file says which name
   * it waits for: until it is gone nobody frees that name or the base's.
   * @returns the names there were before; undefined when another writer was first
   */
  async function publish(
    metadata: TableMetadata,
    version: number,
    base?: Table,
  ): Promise<readonly string[] | undefined> {
    const temporary = `${metadataDirectory}/${pendingName(version, uniqueName())}`
    let names: readonly string[]
    await writeFile(io, temporary, printMetadata(metadata))
    try {
      names = await io.list(metadataDirectory)
      // The same version may exist compressed or in the catalogs' style of names, and an old name may be free again.
      if ((newestMetadataFile(names)?.version ?? 0) >= version) return undefined
      if (!(await link(temporary, version))) return undefined
      // Only other programs remove it now; whether they removed the name that was just taken as well, nobody knows.
      if (base !== undefined && (await ifSure(version, () => io.size(base.path(base.metadataLocation)))) === undefined)
        throw unsure(version, new Error(`version ${base.version} is gone`))
    } finally {
      await io.remove(temporary).catch(() => undefined)
    }
    await ifSure(version, () => io.syncDirectory(metadataDirectory))
    await writeHint(version)
    return names
  }

  async function link(temporary: string, version: number): Promise<boolean> {
    const target = `${metadataDirectory}/v${version}.metadata.json`
    try {
      return await io.link(temporary, target)
    } catch (cause) {
      // An error of the disk does not say that nothing was done.
      if ((await ifSure(version, () => io.size(target))) === undefined) throw cause
      throw unsure(version, cause)
    }
  }

  /** Runs what follows the taking of a name: a failure leaves open whether the commit is there. */
  async function ifSure<Result>(version: number, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run()
    } catch (cause) {
      throw unsure(version, cause)
    }
  }

  function unsure(version: number, cause: unknown): IcebergError {
    return new IcebergError(
      'COMMIT_STATE_UNKNOWN',
      `version ${version} of ${directory} may or may not be there, now or after a power cut: ${(cause as Error).message}`,
      { version },
      cause,
    )
  }

  /** The hint is a courtesy to engines that cannot list; losing it loses nothing. */
  async function writeHint(version: number): Promise<void> {
    const temporary = `${metadataDirectory}/${uniqueName()}.tmp`
    try {
      await writeFile(io, temporary, new TextEncoder().encode(`${version}`), { durable: false })
      await io.rename(temporary, `${metadataDirectory}/version-hint.text`)
    } catch {
      await io.remove(temporary).catch(() => undefined)
    }
  }

  /**
   * Where the table asks for it, removes the metadata files that are older than
   * the log, oldest first, but none that a commit under way counts on: a name
   * that is free again would be taken for the newest by a writer that slept.
   */
  async function removeTrimmed(metadata: TableMetadata, version: number, names: readonly string[]): Promise<void> {
    if (metadata.properties['write.metadata.delete-after-commit.enabled'] !== 'true') return
    const logged = metadata['metadata-log'].map(({ 'metadata-file': file }) => file.slice(file.lastIndexOf('/') + 1))
    const oldest = Math.min(...logged.map(name => parseMetadataName(name)?.version ?? 0))
    const end = Math.min(oldest, oldestPending(names, version) - 1)
    // A name that a catalog gave may be the one it still gives out: that file is the catalog's to remove.
    const own = names.filter(isNumbered)
    const old = own.flatMap(name => parseMetadataName(name) ?? []).filter(file => file.version < end)
    for (const { name } of old.sort((a, b) => a.version - b.version)) {
      try {
        await io.remove(`${metadataDirectory}/${name}`)
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

/**
 * Numbered versions are commits in this directory, and what a catalog names are
 * the catalog's. Where both go on from a version of the other's, neither line
 * holds the rows of the other, and which is newer says nothing.
 */
function checkIsOneLine(
  metadata: TableMetadata,
  newest: MetadataFile,
  names: readonly string[],
  directory: string,
): void {
  const logged = metadata['metadata-log'].flatMap(
    ({ 'metadata-file': path }) => parseMetadataName(path.slice(path.lastIndexOf('/') + 1)) ?? [],
  )
  const oldest = Math.min(...logged.map(({ version }) => version))
  const isOfBoth = logged.some(({ name }) => !isNumbered(name))
  const other = names.find(name => {
    const version = parseMetadataName(name)?.version
    if (version === undefined || isNumbered(name) === isNumbered(newest.name)) return false
    if (isNumbered(name)) return version >= oldest && !logged.some(file => file.name === name)
    return isOfBoth && version >= newest.version
  })
  if (other === undefined) return
  throw new IcebergError(
    'TABLE_FORKED',
    `the table at ${directory} has two lines of commits: ${newest.name} does not follow ${other}`,
    { directory, files: [newest.name, other] },
  )
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
