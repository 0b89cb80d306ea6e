import { join } from 'node:path'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { type BackfillEvent, type BackfillSummary, backfill } from '../../src/ingest/backfill.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { apply, openTable, systemClock } from '../support/crash-table.ts'
import { temporaryFolder } from '../support/table.ts'

/** A table in a folder of its own, and backfills into it. */
export interface Loading {
  readonly directory: string
  readonly catalog: Catalog
  load(): Promise<Table>
  /** Loads the history below a directory as `CLAUDE_CONFIG_DIR` names one. */
  backfill(
    claude: string,
    options?: {
      readonly signal?: AbortSignal
      readonly through?: Catalog
      readonly onEvent?: (event: BackfillEvent) => void
    },
  ): Promise<BackfillSummary>
}

export async function newLoading(declaration: Declaration = builtinDeclaration(9)): Promise<Loading> {
  const directory = join(await temporaryFolder(), 'table')
  const catalog = openTable(localFileIO, directory, systemClock)
  await apply(catalog, directory, declaration, systemClock)
  return {
    directory,
    catalog,
    load: () => catalog.load(),
    backfill: (claude, { signal, through = catalog, onEvent = () => undefined } = {}) =>
      backfill({
        source: 'claude',
        catalog: through,
        declaration,
        directory,
        home: '/nowhere',
        env: { CLAUDE_CONFIG_DIR: claude },
        context: systemClock,
        onEvent,
        ...(signal === undefined ? {} : { signal }),
      }),
  }
}
