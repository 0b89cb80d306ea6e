import { HypError, toHypError } from '../../errors.ts'

/** What was thrown by the file system: DISK_FULL, DISK_FAILED or HOME_UNUSABLE. All that has no code of the system stays what it is. */
export function diskError(error: unknown): HypError {
  const known = toHypError(error)
  const isOfSystem = error instanceof Error && 'syscall' in error
  return known.code === 'INTERNAL' && isOfSystem ? new HypError('DISK_FAILED', known.message, { cause: error }) : known
}
