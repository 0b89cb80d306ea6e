import type { FileIO, OutputFile } from '../../src/iceberg/file-io/file-io.ts'

/** One call that a FileIO is about to make. */
export interface Operation {
  /** Counts from 1. */
  readonly n: number
  readonly kind: OperationKind
  readonly path: string
}

export type OperationKind = keyof FileIO | 'write' | 'sync' | 'finish'

/** What changes a disk, or makes a change durable. */
export const changingKinds: ReadonlySet<OperationKind> = new Set([
  'create',
  'write',
  'sync',
  'finish',
  'link',
  'rename',
  'remove',
  'makeDirectory',
  'syncFile',
  'syncDirectory',
])

/** What other processes see of it: between two of these a kill leaves the same disk. */
export const visibleKinds: ReadonlySet<OperationKind> = new Set(['create', 'link', 'rename', 'remove', 'makeDirectory'])

export interface Watcher {
  /** Called before every operation; what it throws is the operation's outcome. */
  before?(operation: Operation): void | Promise<void>
  /** Called when half of the bytes of a write are written. */
  halfWay?(operation: Operation): void | Promise<void>
  /** Called when the operation has been done; what it throws is its outcome none the less. */
  after?(operation: Operation): void | Promise<void>
}

/** A FileIO that tells of every operation before, in the middle of and after doing it. */
export function watchedFileIO(inner: FileIO, watcher: Watcher): FileIO {
  let n = 0

  async function run<Result>(
    kind: OperationKind,
    path: string,
    work: (now: Operation) => Promise<Result>,
  ): Promise<Result> {
    const operation = { n: ++n, kind, path }
    await watcher.before?.(operation)
    const result = await work(operation)
    await watcher.after?.(operation)
    return result
  }

  function output(file: OutputFile, path: string): OutputFile {
    return {
      write: bytes =>
        run('write', path, async operation => {
          if (watcher.halfWay === undefined) return file.write(bytes)
          const whole = bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes)
          const middle = whole.byteLength >> 1
          await file.write(whole.subarray(0, middle))
          await watcher.halfWay(operation)
          await file.write(whole.subarray(middle))
        }),
      sync: () => run('sync', path, () => file.sync()),
      finish: options => run('finish', path, () => file.finish(options)),
      abandon: () => file.abandon(),
    }
  }

  return {
    read: path => run('read', path, () => inner.read(path)),
    open: path => run('open', path, () => inner.open(path)),
    create: (path, options) => run('create', path, async () => output(await inner.create(path, options), path)),
    link: (from, to) => run('link', to, () => inner.link(from, to)),
    rename: (from, to) => run('rename', to, () => inner.rename(from, to)),
    remove: (path, options) => run('remove', path, () => inner.remove(path, options)),
    list: directory => run('list', directory, () => inner.list(directory)),
    listFiles: directory => run('listFiles', directory, () => inner.listFiles(directory)),
    size: path => run('size', path, () => inner.size(path)),
    look: path => run('look', path, () => inner.look(path)),
    makeDirectory: directory => run('makeDirectory', directory, () => inner.makeDirectory(directory)),
    syncFile: path => run('syncFile', path, () => inner.syncFile(path)),
    syncDirectory: directory => run('syncDirectory', directory, () => inner.syncDirectory(directory)),
  }
}

export type SystemCode = 'ENOSPC' | 'EIO' | 'EROFS' | 'EACCES'

/** An error as the operating system gives it. */
export function systemError(code: SystemCode, { kind, path }: Pick<Operation, 'kind' | 'path'>): Error {
  return Object.assign(new Error(`${code}: made up, ${kind} '${path}'`), { code, syscall: kind, path })
}
