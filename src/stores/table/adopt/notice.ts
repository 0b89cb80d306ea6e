import type { Table } from '../../../iceberg/catalog/catalog.ts'
import { localPath } from '../../../iceberg/catalog/location.ts'
import { realDirectory } from './target.ts'

/** What is worth knowing of an adopted table, and in nobody's way. */
export interface Notice {
  readonly code: 'moved' | 'catalog'
  readonly message: string
}

/** Who else writes or reads the table by another way than its directory. */
export async function noticesOf(table: Table, directory: string): Promise<Notice[]> {
  const { location } = table.metadata
  const isMoved = (await realDirectory(localPath(location))) !== (await realDirectory(directory))
  const name = table.metadataLocation.slice(table.metadataLocation.lastIndexOf('/') + 1)
  const moved: Notice = {
    code: 'moved',
    message: `This is a copy: the table’s own location is ${location}. Engines that read it there do not see what hyp commits here.`,
  }
  const catalog: Notice = {
    code: 'catalog',
    message: `A catalog named the newest version, ${name}, and goes on giving out the one it knows: engines that ask it do not see what hyp commits, until the newest metadata file is registered with it. Do not let both write.`,
  }
  return [...(isMoved ? [moved] : []), ...(name.startsWith('v') ? [] : [catalog])]
}
