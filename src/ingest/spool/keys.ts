import type { HypError } from '../../errors.ts'
import { type FileIO, isNotFound } from '../../iceberg/file-io/file-io.ts'
import type { Json } from '../../iceberg/types.ts'
import { diskError } from './disk-error.ts'
import { type KeyFrame, keysIn, writeKeyFile } from './key-file.ts'
import {
  type FoundKey,
  isRemembered,
  KeyCollection,
  KeyIndex,
  type KeyPlace,
  type KeySpan,
  mayBeRemembered,
  spanOf,
} from './key-index.ts'
import { partSuffix } from './replace-file.ts'
import type { ByteRange } from './salvage.ts'
import { keysFile, parseKeysFile, type SegmentName } from './stream.ts'

/** What was acknowledged under an idempotency key. */
export interface Recalled {
  /** SHA-256 of that request, where one was given. */
  readonly digest: string | undefined
  /** What the client was answered, where that was given. */
  readonly answer: Json | undefined
}

export interface KeysOptions {
  readonly io: FileIO
  readonly directory: string
  readonly now: () => number
  readonly onFailure: (error: HypError) => void
}

/**
 * The idempotency keys of a spool. What was answered under one stands in the
 * frame of its batch, and when that segment is flushed and goes, in a file of
 * keys; in memory is only where to find it.
 */
export class IdempotencyKeys {
  readonly #options: KeysOptions
  readonly #index = new KeyIndex()
  /** When the keys of each file of keys came, by path. */
  readonly #files = new Map<string, KeySpan>()
  /** Paths of files that could not be read: what they hold is not known to be unknown. */
  readonly #unread = new Set<string>()

  constructor(options: KeysOptions) {
    this.#options = options
  }

  /**
   * Finds the files of keys, and takes in what they hold and what was found elsewhere.
   * @returns the greatest name of a stream among them
   * @throws whatever listing throws; a file that cannot be read is reported, and read again before the next key is looked for
   */
  async open(found: KeyCollection): Promise<string | undefined> {
    const { io, directory, onFailure } = this.#options
    let newest: string | undefined
    for (const file of await io.list(directory)) {
      const path = `${directory}/${file}`
      const name = parseKeysFile(file)
      if (name !== undefined && (newest === undefined || name.stream > newest)) newest = name.stream
      try {
        if (name !== undefined) await this.#readFile(path, found)
        // Begun by a process that died.
        else if (file.endsWith(partSuffix)) await io.remove(path)
      } catch (error) {
        if (name !== undefined) this.#unread.add(path)
        onFailure(diskError(error))
      }
    }
    await this.removeExpired().catch(error => onFailure(diskError(error)))
    this.addAll(found)
    return newest
  }

  /** Takes in what was found. */
  addAll(found: KeyCollection): void {
    const now = this.#options.now()
    for (const key of found.newest()) if (isRemembered(key.at, now)) this.#index.set(key)
  }

  /** Reads the files that could not be read before. @throws whatever reading throws: no key can be said to be new then */
  async readUnread(): Promise<void> {
    for (const path of this.#unread) {
      const found = new KeyCollection()
      try {
        await this.#readFile(path, found)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
      this.#unread.delete(path)
      this.addAll(found)
    }
  }

  add(key: FoundKey): void {
    this.#index.set(key)
  }

  has(key: string): boolean {
    return this.#index.get(key, this.#options.now()) !== undefined
  }

  /** Undefined for a key that is not known, no longer, or whose frame is damaged: it is not known then. @throws whatever reading throws */
  async recall(key: string): Promise<Recalled | undefined> {
    for (;;) {
      const place = this.#index.get(key, this.#options.now())
      if (place === undefined) return undefined
      const recalled = await this.#recallFrom(place, key)
      if (recalled !== undefined) return recalled
      // Meanwhile it may have been moved to a file of keys.
      if (this.#index.get(key, this.#options.now()) === place) this.#index.delete(key)
    }
  }

  /**
   * Keeps the keys of a segment that are known in a file beside it, if there are any: of what is not, the rows were
   * torn or damaged. Its name is durable when the directory is synced.
   * @throws whatever the disk throws; a segment that is not there has none
   */
  async keep(segment: SegmentName & { readonly path: string }, range: ByteRange): Promise<boolean> {
    const { io, directory, now } = this.#options
    const path = `${directory}/${keysFile(segment)}`
    const isKnown = ({ key, start }: KeyFrame): boolean => {
      const place = this.#index.get(key, now())
      // There already where the segment could not be removed the last time.
      return place?.path === path || (place?.path === segment.path && place.start === start)
    }
    const keys: KeyFrame[] = []
    try {
      for await (const found of keysIn(io, segment.path, range)) if (isKnown(found)) keys.push(found)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    if (keys.length === 0) return false
    const kept = await writeKeyFile(io, path, keys)
    this.#files.set(path, spanOf(kept))
    for (const key of kept) this.#index.set(key)
    return true
  }

  /** Removes the files of keys that are all too old. @throws whatever removing throws */
  async removeExpired(): Promise<void> {
    const { io, now } = this.#options
    for (const [path, span] of this.#files) {
      if (mayBeRemembered(span, now())) continue
      await io.remove(path)
      this.#files.delete(path)
    }
  }

  async #readFile(path: string, found: KeyCollection): Promise<void> {
    const times: { readonly at: number }[] = []
    for await (const { key, at, start } of keysIn(this.#options.io, path)) {
      found.add({ key, at, path, start })
      times.push({ at })
    }
    this.#files.set(path, spanOf(times))
  }

  async #recallFrom(place: KeyPlace, key: string): Promise<Recalled | undefined> {
    try {
      for await (const found of keysIn(this.#options.io, place.path, {
        start: place.start,
        end: Number.POSITIVE_INFINITY,
      })) {
        const { digest, answer } = found.meta
        return found.start === place.start && found.key === key ? { digest, answer } : undefined
      }
      return undefined
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
}
