/** What went wrong with a table, named by what the caller can do about it. */
export type IcebergErrorCode =
  /** Another writer was first, or a requirement no longer holds: reload and decide again. */
  | 'COMMIT_CONFLICT'
  /** The commit may or may not have landed: reload and look; delete nothing. */
  | 'COMMIT_STATE_UNKNOWN'
  /** Files that were to be replaced are not what they were: read the table again and decide again. */
  | 'REPLACED_FILES_CHANGED'
  /** There is no table at this place. */
  | 'TABLE_NOT_FOUND'
  /** There is a table already. */
  | 'TABLE_EXISTS'
  /** Two programs went on from one version, each without the other's commits. */
  | 'TABLE_FORKED'
  /** A metadata file cannot be used as it is. */
  | 'METADATA_INVALID'
  /** A manifest or manifest list cannot be read. */
  | 'MANIFEST_INVALID'
  /** A file that the table names is missing. */
  | 'FILE_MISSING'
  /** A data file is damaged or does not hold what its manifest says. */
  | 'DATA_INVALID'
  /** A legal part of the format that this version does not handle. */
  | 'FORMAT_UNSUPPORTED'
  /** An update that the format does not allow. */
  | 'UPDATE_ILLEGAL'
  /** A row that its schema does not allow. */
  | 'ROW_INVALID'

/** The one error of this layer. `details` are plain data for a report. */
export class IcebergError extends Error {
  readonly code: IcebergErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: IcebergErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'IcebergError'
    this.code = code
    this.details = details
  }
}

export function isCode(error: unknown, code: IcebergErrorCode): boolean {
  return error instanceof IcebergError && error.code === code
}
