import { realpath } from 'node:fs/promises'
import { localPath } from '../../iceberg/catalog/location.ts'
import type { TableMetadata } from '../../iceberg/types.ts'

/**
 * The location that a table says it has, where that is not its directory: it was moved or copied. We follow it; other
 * programs look for its files where they were. Null for a table that lies where it says, whichever path leads there.
 */
export async function movedFrom(
  { location }: Pick<TableMetadata, 'location'>,
  directory: string,
): Promise<string | null> {
  const said = localPath(location)
  if (said === directory) return null
  const [real, now] = await Promise.all([said, directory].map(path => realpath(path).catch(() => undefined)))
  return real !== undefined && real === now ? null : location
}
