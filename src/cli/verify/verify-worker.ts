import { fileCatalog } from '../../iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import { serveTasks } from '../../ingest/task-thread.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import { type Verification, verifyTable } from '../../stores/table/verify.ts'
import type { VerifyTask } from './verify-thread.ts'

serveTasks<VerifyTask, Verification>(async ({ directory }, { signal }) =>
  verifyTable(await fileCatalog({ io: localFileIO, directory, ...systemContext }).load(), signal),
)
