import { join } from 'node:path'
import type { Catalog, Table } from '../../../src/iceberg/catalog/catalog.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { backfill } from '../../../src/ingest/backfill/backfill.ts'
import type { BackfillRequest } from '../../../src/ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../../../src/ingest/backfill/backfill-summary.ts'
import type { AcceptRows } from '../../../src/ingest/backfill/spool-sink.ts'
import type { ReadTombstones } from '../../../src/ingest/tombstones/tombstones.ts'
import { builtinDeclaration } from '../../../src/schema/builtin.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { recordPlace } from '../../../src/stores/records/place.ts'
import type { RecordPlaceOptions } from '../../../src/stores/records/store.ts'
import { apply, openTable, systemClock } from '../../support/crash-table.ts'
import { temporaryFolder } from '../../support/table.ts'

/** A table in a folder of its own, and backfills into it. */
export interface Loading {
  readonly directory: string
  readonly catalog: Catalog
  /** Where it is kept which files were read. */
  readonly records: RecordPlaceOptions
  readonly load: () => Promise<Table>
  /** Loads the history below a directory as `CLAUDE_CONFIG_DIR` names one. */
  backfill(
    claude: string,
    options?: {
      /** Read every file, whether it was read before or not. */
      readonly rereads?: boolean
      readonly declaration?: Declaration
      readonly appliedSchemaId?: number
      readonly records?: RecordPlaceOptions
      readonly tombstones?: ReadTombstones
      readonly signal?: AbortSignal
      readonly through?: Catalog
      readonly onEvent?: (event: BackfillEvent) => void
      /** Instead of the history of Claude, all of it. */
      readonly request?: Partial<BackfillRequest>
      readonly env?: Readonly<Record<string, string>>
      /** The table refuses rows, and this takes them. */
      readonly spool?: AcceptRows
    },
  ): Promise<BackfillSummary>
}

export async function newLoading(declaration: Declaration = builtinDeclaration(9)): Promise<Loading> {
  const folder = await temporaryFolder()
  const directory = join(folder, 'table')
  const records = recordPlace({ records: join(folder, 'records') })
  const catalog = openTable(localFileIO, directory, systemClock)
  await apply(catalog, directory, declaration, systemClock)
  return {
    directory,
    catalog,
    records,
    load: () => catalog.load(),
    backfill: (claude, { signal, through = catalog, onEvent = () => undefined, ...other } = {}) =>
      backfill({
        request: { source: 'claude', ...other.request },
        catalog: through,
        declaration: other.declaration ?? declaration,
        appliedSchemaId: other.appliedSchemaId,
        tableDirectory: directory,
        records: other.rereads === true ? undefined : (other.records ?? records),
        where: { home: '/nowhere', env: { CLAUDE_CONFIG_DIR: claude, ...other.env } },
        spool: other.spool,
        tombstones: other.tombstones,
        context: systemClock,
        onEvent,
        signal,
      }),
  }
}
