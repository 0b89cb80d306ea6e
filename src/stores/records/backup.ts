import { directoryOf, type FileIO, writeFile } from '../../iceberg/file-io/file-io.ts'

/** A copy of a record as it was before something took its place. */
export interface Backup {
  readonly path: string
  /** The record it is of. */
  readonly id: string
  /** Version of the copy; 0 where that could not be read. */
  readonly version: number
  /** From 1: copies of one version that differ. */
  readonly n: number
}

/** What a backup's file name says; undefined for every other name. */
export function backupOf(directory: string, name: string): Backup | undefined {
  const [, id, version, n = '1'] = /^([A-Za-z0-9_-]{1,128})\.json\.v(\d{1,16})(?:\.(\d{1,9}))?\.bak$/.exec(name) ?? []
  if (id === undefined) return undefined
  return { path: `${directory}/${name}`, id, version: Number(version), n: Number(n) }
}

/**
 * Keeps the bytes of a record as `<file>.v<version>.bak`. Where that name is taken by the same bytes they are kept
 * already; by other bytes, the copy gets the next number. The copy is durable when its path is given: it gets its name
 * only after its bytes are.
 * @param name of nothing that is there, for the time until then
 */
export async function backUp(
  io: FileIO,
  path: string,
  version: number,
  bytes: Uint8Array,
  name: string,
): Promise<string> {
  const temporary = `${path}.${name}.tmp`
  await writeFile(io, temporary, bytes)
  try {
    for (let n = 1; ; n++) {
      const backup = `${path}.v${version}${n === 1 ? '' : `.${n}`}.bak`
      const isNew = await io.link(temporary, backup)
      if (!isNew && !(await isFileOf(io, backup, bytes))) continue
      await io.syncDirectory(directoryOf(path))
      return backup
    }
  } finally {
    await io.remove(temporary).catch(() => undefined)
  }
}

async function isFileOf(io: FileIO, path: string, bytes: Uint8Array): Promise<boolean> {
  return (await io.look(path))?.kind === 'file' && Buffer.compare(await io.read(path), bytes) === 0
}
