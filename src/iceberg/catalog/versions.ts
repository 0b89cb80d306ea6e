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
const catalogued = /^(\d+)-[^/]*?(?:\.gz)?\.metadata\.json$/

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
