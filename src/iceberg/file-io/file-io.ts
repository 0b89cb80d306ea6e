/*
 * The one seam between the table format and a file system. Paths are absolute
 * and use "/". Errors are the system's own (`code` ENOENT, ENOSPC, …).
 */

/** A file being written; its name may not be durable before `syncDirectory`. */
export interface OutputFile {
  /** Several parts are written one behind the other, at once. */
  write(bytes: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** Makes what was written so far durable; more may follow. */
  sync(): Promise<void>
  /** Makes the bytes durable, unless told otherwise, and closes. */
  finish(options?: { readonly durable: boolean }): Promise<void>
  /** Closes and forgets the bytes. Never throws. */
  abandon(): Promise<void>
}

/** An open file that is read in ranges. */
export interface InputFile {
  readonly size: number
  /** Exactly the bytes [start, end). */
  read(start: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** What a name stands for. */
export interface Entry {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
}

/** A file that was found in a directory. */
export interface FoundFile {
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
}

export interface FileIO {
  read(path: string): Promise<Uint8Array>
  open(path: string): Promise<InputFile>
  /**
   * Creates a new file; fails with EEXIST where there is one. With `background` its bytes are written by another thread:
   * for a writer that shares its thread with others, whom a disk that is behind must not hold up.
   */
  create(path: string, options?: { readonly background: boolean }): Promise<OutputFile>
  /** Gives an existing file a second name, atomically; false when that name is taken. */
  link(from: string, to: string): Promise<boolean>
  /** Renames over whatever is there. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file; one that is not there is no error. With `background` by another thread: a large one takes its time. */
  remove(path: string, options?: { readonly background: boolean }): Promise<void>
  /** Names in a directory, in no order; none when it does not exist. */
  list(directory: string): Promise<string[]>
  /**
   * Every file below a directory, however deep, in no order; none when it does not exist. Links are neither followed nor
   * given, and a file that goes meanwhile may be left out.
   */
  listFiles(directory: string): Promise<FoundFile[]>
  /** Size in bytes; undefined when there is no such file. */
  size(path: string): Promise<number | undefined>
  /** What a name itself is: a symbolic link is not followed. Undefined when there is no such name. */
  look(path: string): Promise<Entry | undefined>
  /** Creates a directory with its parents, and makes the new names durable. */
  makeDirectory(directory: string): Promise<void>
  /** Makes the bytes of a file durable that another process may have written. */
  syncFile(path: string): Promise<void>
  /** Makes the names in a directory durable. */
  syncDirectory(directory: string): Promise<void>
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** Writes a whole new file, bytes durable unless told otherwise. What was written is removed when it fails. */
export async function writeFile(
  io: FileIO,
  path: string,
  bytes: Uint8Array,
  options?: { readonly durable: boolean },
): Promise<void> {
  const file = await io.create(path)
  try {
    await file.write(bytes)
    await file.finish(options)
  } catch (error) {
    await file.abandon()
    await io.remove(path).catch(() => undefined)
    throw error
  }
}
