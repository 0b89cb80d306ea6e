import { HypError } from '../../errors.ts'
import { isSealed } from '../../iceberg/avro/content-hash.ts'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { IcebergError } from '../../iceberg/errors.ts'
import { reachableFiles } from '../../iceberg/expiry/reachable.ts'
import { type InputFile, isNotFound } from '../../iceberg/file-io/file-io.ts'
import { isAsWritten } from '../../iceberg/parquet/content-hash.ts'
import { readManifestList } from '../../iceberg/snapshot.ts'
import type { Snapshot } from '../../iceberg/types.ts'
import type { Damage } from './damage.ts'

/** How many data and delete files were held against a hash of themselves, and how many carry none. */
export interface VerifiedBytes {
  readonly hashed: number
  readonly unhashed: number
}

/**
 * Looks for every file that any snapshot needs, and holds those that carry a hash against it: data files, manifests and
 * manifest lists that we wrote.
 * @param damage takes what is wrong; a file that it names already is not named again for being missing
 */
export async function verifyBytes(table: Table, damage: Damage[], signal?: AbortSignal): Promise<VerifiedBytes> {
  let hashed = 0
  let unhashed = 0
  const files = await reached(table, damage)
  const known = new Set(damage.map(({ file }) => file))
  for (const path of files) {
    checkSignal(signal)
    const file = await table.io.open(path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    if (file === undefined) {
      if (!known.has(path)) damage.push({ file: path, message: 'is missing: a snapshot names it' })
      continue
    }
    try {
      const isData = path.endsWith('.parquet')
      const answer = await (isData ? isAsWritten(file) : isSealedFile(file)).catch(() => undefined)
      // What is damaged in another way may have lost it.
      if (isData && answer === undefined && !known.has(path)) unhashed++
      else if (isData && answer !== undefined) hashed++
      if (answer === false) damage.push({ file: path, message: 'has other bytes than were written: its hash differs' })
    } finally {
      await file.close()
    }
  }
  return { hashed, unhashed }
}

async function isSealedFile(file: InputFile): Promise<boolean | undefined> {
  return isSealed(await file.read(0, file.size))
}

/** All that can be known of; a list or manifest that cannot be read hides what it names. */
async function reached(table: Table, damage: Damage[]): Promise<ReadonlySet<string>> {
  const { snapshots } = table.metadata
  const files = new Set<string>()
  const add = async (some: readonly Snapshot[]): Promise<void> => {
    for (const path of await reachableFiles(table, some)) files.add(path)
  }
  // Most manifests are of many snapshots: only where one is damaged, they are looked at one by one.
  const isWhole = await add(snapshots).then(
    () => true,
    (error: unknown) => {
      if (error instanceof IcebergError) return false
      throw error
    },
  )
  const manifests = new Map<string, number>()
  for (const snapshot of snapshots) {
    if (snapshot['manifest-list'] !== undefined) files.add(table.path(snapshot['manifest-list']))
    try {
      for (const { location, length } of await readManifestList(table, snapshot))
        manifests.set(table.path(location), length)
      if (!isWhole) await add([snapshot])
    } catch (error) {
      if (!(error instanceof IcebergError)) throw error
      const named = error.details['file']
      const file = typeof named === 'string' ? named : table.path(table.metadataLocation)
      if (!damage.some(each => each.file === file)) damage.push({ file, message: error.message })
    }
  }
  for (const [path, length] of manifests) {
    files.add(path)
    const size = await table.io.size(path)
    if (size !== undefined && size !== length)
      damage.push({ file: path, message: `is ${size} bytes, its list says ${length}` })
  }
  return files
}

/** @throws HypError INTERRUPTED */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HypError('INTERRUPTED', 'The verification was interrupted.')
}
