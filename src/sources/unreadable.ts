import type { Unreadable } from './source.ts'

const sentences: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it is no longer there',
  ENOTDIR: 'it is not a directory',
  EISDIR: 'it is a directory',
  ELOOP: 'its symbolic links go in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk failed',
}

/** Code of an error of the operating system, undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The entry for a path that the operating system refused; any other error is a mistake of ours and thrown on. */
export function unreadable(path: string, error: unknown): Unreadable {
  const code = systemCode(error)
  if (code === undefined) throw error
  return { path, reason: sentences[code] ?? (error as Error).message }
}
