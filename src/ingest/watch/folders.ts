import { type FSWatcher, watch } from 'node:fs'
import { sep } from 'node:path'
import { systemCode } from '../../sources/unreadable.ts'

/** Told of each change in a watched directory; `name` is what changed in it, null where the system does not say. */
export type OnChange = (directory: string, name: string | null) => void

/** The system's watch of one directory. */
export type WatchFolder = (
  directory: string,
  onChange: (name: string | null) => void,
  onError: () => void,
) => FolderWatch

export interface FolderWatch {
  close(): void
}

/** The directories that are watched. */
export interface Folders {
  /** @param id says which directory it is: one that was made anew under the same path is watched anew */
  add(path: string, id: string): void
  /** What is no more there, with all that was below it. */
  remove(path: string): void
  /** Leaves only these. */
  retain(paths: ReadonlySet<string>): void
  has(path: string): boolean
  /** Whether the system tells of its changes. */
  isWatched(path: string): boolean
  /** Why some directories are not watched; undefined where all are. */
  limit(): string | undefined
  /** Tries again what could not be watched before. */
  retry(): void
  close(): void
}

/** The system has no more watches to give: trying the next directory is of no use. */
const exhausted: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EMFILE', 'ENFILE', 'ENOMEM'])

/** What cannot be listed either, and is told of there. */
const notListed: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'])

export function watchFolders(onChange: OnChange, watchFolder: WatchFolder = systemWatch): Folders {
  const watched = new Map<string, { readonly id: string; readonly watch: FolderWatch }>()
  const unwatched = new Map<string, string>()
  let reason: string | undefined
  let isExhausted = false

  return {
    add,
    remove: path => {
      for (const known of [...watched.keys(), ...unwatched.keys()])
        if (known === path || known.startsWith(path + sep)) drop(known)
    },
    retain: paths => {
      for (const known of [...watched.keys(), ...unwatched.keys()]) if (!paths.has(known)) drop(known)
    },
    has: path => watched.has(path) || unwatched.has(path),
    isWatched: path => watched.has(path),
    limit: () => (unwatched.size === 0 ? undefined : reason),
    retry: () => {
      isExhausted = false
      for (const [path, id] of unwatched) add(path, id)
    },
    close: () => {
      for (const path of watched.keys()) drop(path)
    },
  }

  function add(path: string, id: string): void {
    const known = watched.get(path)
    if (known?.id === id) return
    if (known !== undefined) drop(path)
    if (isExhausted) return void unwatched.set(path, id)
    try {
      const lost = (): void => {
        if (watched.get(path)?.id !== id) return
        drop(path)
        unwatched.set(path, id)
        reason ??= 'the system gave up watching a directory'
      }
      const handle = watchFolder(path, name => onChange(path, name), lost)
      watched.set(path, { id, watch: handle })
      unwatched.delete(path)
    } catch (error) {
      const code = systemCode(error)
      if (code !== undefined && notListed.has(code)) return
      isExhausted = exhausted.has(code)
      reason = isExhausted
        ? `the system has no more watches to give (${code})`
        : `a directory cannot be watched (${code ?? String(error)})`
      unwatched.set(path, id)
    }
  }

  function drop(path: string): void {
    watched.get(path)?.watch.close()
    watched.delete(path)
    unwatched.delete(path)
  }
}

function systemWatch(directory: string, onChange: (name: string | null) => void, onError: () => void): FolderWatch {
  const watcher: FSWatcher = watch(directory, { persistent: false })
  watcher.on('change', (_event, name) => onChange(typeof name === 'string' ? name : (name?.toString() ?? null)))
  watcher.on('error', onError)
  return watcher
}
