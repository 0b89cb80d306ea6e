import { randomUUID } from 'node:crypto'
import type { AppendContext } from '../../iceberg/append.ts'
import type { Catalog } from '../../iceberg/catalog/catalog.ts'
import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { version } from '../../version.ts'
import { type Home, tableDirectory } from '../home.ts'
import type { StoreContext } from './store.ts'

/** The machine's own clock, chance and names. */
export const systemContext: AppendContext & StoreContext = {
  now: Date.now,
  monotonic: (): number => performance.now(),
  random: Math.random,
  newUuid: randomUUID,
  uniqueName: randomUUID,
  version,
}

export function openCatalog(home: Home, declaration: Pick<Declaration, 'table' | 'location'>): Catalog {
  return fileCatalog({ io: localFileIO, directory: tableDirectory(home, declaration), ...systemContext })
}
