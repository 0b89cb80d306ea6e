/*
 * The library: the table format, the declaration and its plan, and the store
 * that applies it. Everything here is used by the command line too.
 */

export { type ErrorCode, errorCatalogue } from './error-catalogue.ts'
export { HypError, toHypError } from './errors.ts'
export {
  type AppendContext,
  abandonAppend,
  commitAppend,
  type PreparedAppend,
  prepareAppend,
} from './iceberg/append.ts'
export type { Catalog, Table } from './iceberg/catalog/catalog.ts'
export { type FileCatalogOptions, fileCatalog, tableLocation } from './iceberg/catalog/file-catalog.ts'
export type { Commit, Requirement, Update } from './iceberg/commit.ts'
export { type NewTable, stageCreate } from './iceberg/create.ts'
export { type WriteOptions, writeDataFiles } from './iceberg/data-files.ts'
export { IcebergError, type IcebergErrorCode } from './iceberg/errors.ts'
export type { FileIO, InputFile, OutputFile } from './iceberg/file-io/file-io.ts'
export { localFileIO } from './iceberg/file-io/local.ts'
export {
  assignFreshIds,
  currentSchema,
  type MergedFields,
  mergeFieldIdsFromTable,
  type WantedField,
  type WantedType,
} from './iceberg/ids.ts'
export { parseMetadata, printMetadata } from './iceberg/metadata.ts'
export { checkRequirements } from './iceberg/requirements.ts'
export { type KeyFilter, type ScanOptions, scanRows } from './iceberg/scan.ts'
export { liveDataFiles, liveFiles } from './iceberg/snapshot.ts'
export type * from './iceberg/types.ts'
export { applyUpdates, type CommitContext, emptyMetadata } from './iceberg/updates/index.ts'
export { type Appended, appendOnce } from './ingest/keys/append-once.ts'
export { type RowKey, rowKey } from './ingest/keys/row-key.ts'
export { type Evolution, readEvolutions } from './schema/applied.ts'
export { builtinDeclaration, builtinReleases, newestRelease } from './schema/builtin.ts'
export type { ColumnDeclaration, Declaration, DeclaredType, PartitionDeclaration } from './schema/declaration.ts'
export { type Action, type Plan, type PlannedChange, planTable, type Verdict } from './schema/plan.ts'
export { type Rule, type RuleCode, ruleOf } from './schema/rules.ts'
export { type ApplyOptions, applyTable, observeTable, type Receipt, type StoreContext } from './stores/table/store.ts'
export { version } from './version.ts'
