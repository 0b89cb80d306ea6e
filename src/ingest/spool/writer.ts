import type { HypError } from '../../errors.ts'
import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { canonicalJson } from '../../schema/fingerprint.ts'
import { diskError } from './disk-error.ts'
import { ensureDirectory } from './ensure-directory.ts'
import type { BatchMeta } from './frame.ts'
import { encodeHeader } from './header.ts'
import type { Inventory, StoredSegment, StoredStream } from './inventory.ts'
import type { Position } from './position.ts'
import { createSegmentFile, type SegmentFile } from './segment-file.ts'
import { segmentFile } from './stream.ts'
import { SegmentTally } from './tally.ts'

/** A batch on its way to the disk. */
export interface Outgoing {
  readonly meta: BatchMeta
  /** Head and JSON of its frame; a promise that is kept. */
  readonly head: Uint8Array | Promise<Uint8Array>
  readonly rows: Uint8Array
  readonly rowCount: number
  readonly declaration: Declaration
}

export interface WriterOptions {
  readonly io: FileIO
  readonly directory: string
  readonly table: string
  readonly inventory: Inventory
  readonly segmentBytes: number
  now(): number
  /** A name for a stream, greater than all others. */
  newStream(): string
  /** Called in the moment in which a batch is durable. */
  onStored(meta: BatchMeta, path: string, start: number): void
  onFailure(error: HypError): void
}

interface Waiting extends Outgoing {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A batch that is ready to be written. */
interface Ready extends Waiting {
  readonly head: Uint8Array
}

interface Turn {
  readonly turn: () => Promise<void>
}

interface Writing {
  readonly stored: StoredStream
  readonly declaration: Declaration
  /** The last segment in which anything was acknowledged, and up to where. */
  acknowledged: Position | undefined
  lastSegment: number
  /** Whether a segment failed, and no durable header says yet what of it counts. */
  unsealed: boolean
  active: { readonly stored: StoredSegment; readonly file: SegmentFile; end: number } | undefined
}

/** Bytes that one fsync makes durable, or one batch where that is larger. */
const groupBytes = 2 ** 23

/** A failed group is written once more, to a new segment: a disk that fails again is left to the caller. */
const attempts = 2

/**
 * Writes batches to segments, in the order in which they come, one group after
 * another: while one is made durable, the next gathers.
 */
export class SpoolWriter {
  readonly #options: WriterOptions
  readonly #queue: (Waiting | Turn)[] = []
  #running = false
  #directoryMade = false
  #writing: Writing | undefined

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Resolves when the batch is durable. @throws HypError of {@link diskError}; the batch is not acknowledged then */
  store(batch: Outgoing): Promise<void> {
    return new Promise((resolve, reject) => this.#enqueue({ ...batch, resolve, reject }))
  }

  /** Closes the active segment when all batches before are written. */
  rotate(): Promise<void> {
    return this.#turn(async () => this.#closeActive())
  }

  /** Ends the stream; a later batch would begin another. */
  end(): Promise<void> {
    return this.#turn(async () => this.#endStream().catch(error => this.#options.onFailure(diskError(error))))
  }

  #turn(work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ turn: () => work().then(resolve, reject) })
    })
  }

  #enqueue(item: Waiting | Turn): void {
    this.#queue.push(item)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    this.#running = true
    // What comes in the same moment goes in one group.
    await Promise.resolve()
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if ('turn' in first) {
        this.#queue.shift()
        await first.turn()
      } else await this.#storeGroup(await this.#nextGroup(first.declaration), first.declaration)
    }
    this.#running = false
  }

  /** Takes the batches of one declaration from the front of the queue. */
  async #nextGroup(declaration: Declaration): Promise<Ready[]> {
    let count = 0
    for (let bytes = 0; count < this.#queue.length && bytes < groupBytes; count++) {
      const next = this.#queue[count] as Waiting | Turn
      if ('turn' in next || !isSame(next.declaration, declaration)) break
      bytes += next.rows.byteLength
    }
    const group: Ready[] = []
    for (const waiting of this.#queue.splice(0, count) as Waiting[])
      group.push({ ...waiting, head: await waiting.head })
    return group
  }

  async #storeGroup(group: readonly Ready[], declaration: Declaration): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#write(group, declaration)
        for (const { resolve } of group) resolve()
        return
      } catch (error) {
        const failure = diskError(error)
        await this.#giveUpActive()
        this.#options.onFailure(failure)
        if (attempt < attempts) continue
        for (const { reject } of group) reject(failure)
        return
      }
    }
  }

  async #write(group: readonly Ready[], declaration: Declaration): Promise<void> {
    const writing = await this.#streamFor(declaration)
    const active = writing.active ?? (await this.#begin(writing))
    await active.file.write(group.flatMap(({ head, rows }) => [head, rows]))
    await active.file.sync()
    const { segment, path, tally } = active.stored
    for (const { meta, head, rows, rowCount } of group) {
      const start = active.end
      active.end += head.byteLength + rows.byteLength
      tally.add({ end: active.end, rowCount, meta })
      this.#options.onStored(meta, path, start)
    }
    writing.acknowledged = { segment, end: active.end }
    writing.unsealed = false
    if (active.end >= this.#options.segmentBytes) await this.#closeActive()
  }

  /** The stream of a declaration: another declaration, another stream. */
  async #streamFor(declaration: Declaration): Promise<Writing> {
    if (this.#writing !== undefined && isSame(this.#writing.declaration, declaration)) return this.#writing
    await this.#endStream()
    const stored = { stream: this.#options.newStream(), declaration, problem: undefined, segments: [] }
    return (this.#writing = {
      stored,
      declaration,
      acknowledged: undefined,
      lastSegment: 0,
      unsealed: false,
      active: undefined,
    })
  }

  /** Creates the next segment of a stream, with its header. Nothing of it is durable yet. */
  async #begin(writing: Writing): Promise<NonNullable<Writing['active']>> {
    const { io, directory, table, inventory } = this.#options
    const { stored: stream, declaration, acknowledged } = writing
    // A number is never used twice: a file that failed may still be there, or come back.
    const segment = ++writing.lastSegment
    const name = { stream: stream.stream, segment }
    const path = `${directory}/${segmentFile(name)}`
    if (!this.#directoryMade) await ensureDirectory(io, directory)
    this.#directoryMade = true
    const header = encodeHeader({
      ...name,
      table,
      declaration,
      openedAt: new Date(this.#options.now()).toISOString(),
      previous: acknowledged ?? (segment === 1 ? null : { segment: 1, end: 0 }),
    })
    const end = header.byteLength
    const stored = { ...name, path, tally: new SegmentTally({ start: end, end }), active: true }
    stream.segments.push(stored)
    inventory.put(stream)
    try {
      const file = await createSegmentFile(io, directory, path)
      writing.active = { stored, file, end }
      await file.write([header])
      return writing.active
    } catch (error) {
      // Somebody may have removed it.
      this.#directoryMade = false
      if (writing.active === undefined) {
        stored.active = false
        await this.#forget(stored)
      }
      throw error
    }
  }

  async #closeActive(): Promise<void> {
    const { active } = this.#writing ?? {}
    if (this.#writing === undefined || active === undefined) return
    this.#writing.active = undefined
    active.stored.active = false
    try {
      await active.file.close()
    } catch (error) {
      // All that was acknowledged is durable.
      await active.file.abandon()
      this.#options.onFailure(diskError(error))
    }
  }

  /** Closes a segment that failed. What was acknowledged of it stands. */
  async #giveUpActive(): Promise<void> {
    const { active } = this.#writing ?? {}
    if (this.#writing === undefined || active === undefined) return
    this.#writing.active = undefined
    await active.file.abandon()
    const { stored } = active
    stored.active = false
    const isEmpty = stored.tally.beyond(0).bytes === 0
    if (!isEmpty || !(await this.#forget(stored))) this.#writing.unsealed = true
  }

  /** Removes a segment in which nothing was acknowledged. Where that fails too, it is removed later. */
  async #forget(stored: StoredSegment): Promise<boolean> {
    try {
      await this.#options.io.remove(stored.path)
      this.#options.inventory.remove(stored)
      return true
    } catch (error) {
      this.#options.onFailure(diskError(error))
      return false
    }
  }

  /** Closes the stream, with a last header where nothing says yet what counts of a segment that failed. */
  async #endStream(): Promise<void> {
    const writing = this.#writing
    if (writing === undefined) return
    await this.#closeActive()
    if (writing.unsealed) {
      const { file } = await this.#begin(writing)
      await file.sync()
      writing.unsealed = false
      await this.#closeActive()
    }
    this.#writing = undefined
  }
}

/** Whether two declarations say the same. Mostly they are one. */
function isSame(a: Declaration, b: Declaration): boolean {
  return a === b || textOf(a) === textOf(b)
}

/** A declaration is data that never changes. */
const texts = new WeakMap<Declaration, string>()

function textOf(declaration: Declaration): string {
  let text = texts.get(declaration)
  if (text === undefined) texts.set(declaration, (text = canonicalJson(declaration)))
  return text
}
