import { type ErrorCode, errorCatalogue } from './error-catalogue.ts'
import { IcebergError } from './iceberg/errors.ts'

interface HypErrorOptions {
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The error of every layer above `iceberg/`: a code, a sentence, a way out, and data. */
export class HypError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: HypErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HypError'
    this.code = code
    this.hint = options.hint ?? errorCatalogue[code].hint
    this.details = options.details ?? {}
  }
}

/** An error as a document, the same on stdout and over HTTP. */
export interface ErrorDocument {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly details: Readonly<Record<string, unknown>>
  readonly docs: string
}

export function errorDocument({ code, message, hint, details }: HypError): ErrorDocument {
  return { code, message, hint, details, docs: `docs/errors.md#${code}` }
}

/** The error that a document of another process tells of; INTERNAL where its code means nothing here. */
export function errorOf(document: Partial<ErrorDocument> | undefined): HypError {
  const { code = 'INTERNAL', message, hint, details } = document ?? {}
  return new HypError(
    Object.hasOwn(errorCatalogue, code) ? code : 'INTERNAL',
    message ?? 'The daemon answered something that is not understood.',
    { ...(hint === undefined ? {} : { hint }), ...(details === undefined ? {} : { details }) },
  )
}

/** Whatever was thrown, as a {@link HypError}: this layer's own, the format's, the operating system's, or a mistake of ours. */
export function toHypError(error: unknown): HypError {
  if (error instanceof HypError) return error
  if (error instanceof IcebergError) {
    // The disk's own reason says more than what it stopped, except where it is open what happened.
    const code = error.code === 'COMMIT_STATE_UNKNOWN' ? undefined : systemErrors[systemCode(error.cause)]
    return new HypError(code ?? error.code, error.message, { details: error.details, cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new HypError(systemErrors[systemCode(error)] ?? 'INTERNAL', message, { cause: error })
}

/** What the operating system's errors mean to a person. */
const systemErrors: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EIO: 'DISK_FAILED',
  EACCES: 'HOME_UNUSABLE',
  EPERM: 'HOME_UNUSABLE',
  EROFS: 'HOME_UNUSABLE',
  ENOTDIR: 'HOME_UNUSABLE',
  EISDIR: 'HOME_UNUSABLE',
  ELOOP: 'HOME_UNUSABLE',
  ENAMETOOLONG: 'HOME_UNUSABLE',
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
