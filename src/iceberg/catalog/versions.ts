/*
 * Names of metadata files (spec "File System Tables" and "Metastore Tables"):
 * v7.metadata.json, v7.gz.metadata.json, v7.metadata.json.gz, and
 * 00007-<uuid>.metadata.json as catalogs name them.
 */

export interface MetadataFile {
  readonly version: number
  readonly name: string
}

const numbered = /^v(\d+)(?:\.gz)?\.metadata\.json(?:\.gz)?$/
// The whole uuid is asked for: Java's temporary files are a bare uuid, whose first part can be all digits.
const catalogued = /^(\d+)-[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}(?:\.gz)?\.metadata\.json$/i

/** Whether a name is of the style of tables in a directory, and not one that a catalog gave. */
export function isNumbered(name: string): boolean {
  return numbered.test(name)
}

/** The metadata file a name stands for; undefined for any other file, temporary ones included. */
export function parseMetadataName(name: string): MetadataFile | undefined {
  const match = numbered.exec(name) ?? catalogued.exec(name)
  return match ? { version: Number(match[1]), name } : undefined
}

/**
 * The newest metadata file among the names of a directory. At equal versions
 * the `vN` style wins over the catalog style, plain over compressed.
 */
export function newestMetadataFile(names: readonly string[]): MetadataFile | undefined {
  let newest: MetadataFile | undefined
  for (const name of names) {
    const file = parseMetadataName(name)
    if (file === undefined) continue
    if (
      newest === undefined ||
      file.version > newest.version ||
      (file.version === newest.version && rank(name) < rank(newest.name))
    ) {
      newest = file
    }
  }
  return newest
}

function rank(name: string): string {
  return `${numbered.test(name) ? 0 : 1}${name.includes('gz') ? 1 : 0}${name}`
}

const pending = /^pending-(\d+)-/

/** The name of a file that waits to become a version; it cannot be mistaken for one. */
export function pendingName(version: number, unique: string): string {
  return `pending-${version}-${unique}.tmp`
}

/** The version that a file waits to become; undefined for any other file. */
export function pendingVersion(name: string): number | undefined {
  const version = pending.exec(name)?.[1]
  return version === undefined ? undefined : Number(version)
}

/** A writer that so many commits passed by is dead: what it left behind is no reason to keep old versions. */
const givenUpAfter = 100

/** The lowest version that a writer is about to commit, as far as names of a directory tell. */
export function oldestPending(names: readonly string[], newest: number): number {
  const versions = names.flatMap(name => pendingVersion(name) ?? [])
  return Math.min(...versions.filter(version => version > newest - givenUpAfter), newest)
}
