import type { FileIO, InputFile } from '../../src/iceberg/file-io/file-io.ts'
import { seeded } from './crash-table.ts'
import { type Operation, type SystemCode, systemError, watchedFileIO } from './fault-file-io.ts'
import type { PowerDisk } from './power-file-io.ts'

/*
 * The disk of one process, and what happens to it at one moment: it fails, the
 * process is killed, the power goes, or others work on it meanwhile.
 */

/** Before an operation, in the middle of a write, or when it is done. */
export type When = 'before' | 'half way' | 'after'

export type Trouble =
  /** So many operations fail, from the one of this number on. */
  | {
      readonly kind: 'fail'
      readonly at: number
      readonly when: When
      readonly times: number
      readonly code: SystemCode
      /** Only operations in whose `kind path` this stands are counted. */
      readonly only?: string
    }
  /** The process is no more, just before the change of the disk of this number. */
  | { readonly kind: 'kill'; readonly at: number }
  /** Nor is what was not durable. */
  | { readonly kind: 'cut power'; readonly at: number; readonly seed: number }
  /** Before the operation of this number others work on the same disk. */
  | { readonly kind: 'meanwhile'; readonly at: number; readonly what: Meanwhile }

export type Meanwhile = 'others append' | 'others evolve' | 'twin flushes' | 'twin dies'

/** An operation that failed on purpose. */
export interface Failed extends Begun {
  readonly when: When
}

/** What a disk does otherwise than it is asked to. */
export type Seam = (io: FileIO) => Partial<FileIO>

type Begun = Pick<Operation, 'kind' | 'path'>

/** What one process sees of a disk. Operations and changes are counted from 1, anew with every trouble. */
export class IngestDisk {
  readonly disk: PowerDisk
  readonly io: FileIO
  /** Resolves with what the next process finds when this one is no more. */
  readonly stopped: Promise<PowerDisk>
  readonly failed: Failed[] = []
  /** What the process changed. */
  readonly changed: string[] = []
  readonly #trace: string[]
  #operations = 0
  #changes = 0
  #stop: (left: PowerDisk) => void = () => undefined
  #isStopped = false
  /** Operations that can fail. */
  #counted = 0
  readonly #numbers = new WeakMap<Begun, number>()
  #trouble: Trouble | undefined
  #others: (what: Meanwhile) => Promise<void> = async () => undefined

  /** @param trace gets every operation of the process */
  constructor(disk: PowerDisk, trace: string[], seam: Seam = () => ({})) {
    this.disk = disk
    this.#trace = trace
    this.stopped = new Promise(resolve => {
      this.#stop = resolve
    })
    const watched = watchedFileIO(
      { ...disk.io, ...seam(disk.io) },
      {
        before: operation => this.#before(operation),
        halfWay: operation => this.#at('half way', operation),
        after: operation => this.#at('after', operation),
      },
    )
    this.io = { ...watched, open: async path => this.#input(path, await watched.open(path)) }
    disk.onChange = call => this.#changing(call)
  }

  /** A disk that fails goes on failing, whatever becomes of a process. */
  get failing(): Trouble | undefined {
    return this.#trouble?.kind === 'fail' ? { ...this.#trouble, at: this.#trouble.at - this.#counted } : undefined
  }

  get expected(): Trouble['kind'] | undefined {
    return this.#trouble?.kind
  }

  /** What is to happen from now on; nothing more where it is undefined. */
  expect(trouble: Trouble | undefined, others: (what: Meanwhile) => Promise<void> = async () => undefined): void {
    this.#trouble = trouble
    this.#others = others
    this.#operations = 0
    this.#changes = 0
    this.#counted = 0
  }

  /** Reads of an open file are operations too. */
  #input(path: string, file: InputFile): InputFile {
    return {
      size: file.size,
      read: async (start, end) => {
        const operation: Begun = { kind: 'read', path }
        await this.#before(operation)
        const bytes = await file.read(start, end)
        await this.#at('after', operation)
        return bytes
      },
      close: () => file.close(),
    }
  }

  async #before(operation: Begun): Promise<void> {
    this.#operations++
    this.#trace.push(`${operation.kind} ${operation.path}`)
    const trouble = this.#trouble
    const isCounted = trouble?.kind !== 'fail' || `${operation.kind} ${operation.path}`.includes(trouble.only ?? '')
    if (isCounted) this.#numbers.set(operation, ++this.#counted)
    if (trouble?.kind === 'meanwhile' && trouble.at === this.#operations) {
      this.#trouble = undefined
      await this.#others(trouble.what)
    }
    await this.#at('before', operation)
  }

  async #at(when: When, operation: Begun): Promise<void> {
    // Whoever is no more does nothing more.
    if (this.#isStopped) await new Promise(() => undefined)
    const trouble = this.#trouble
    const n = this.#numbers.get(operation) ?? 0
    if (trouble?.kind !== 'fail' || trouble.when !== when || n < trouble.at || n >= trouble.at + trouble.times) return
    const { kind, path } = operation
    this.failed.push({ kind, path, when })
    throw systemError(trouble.code, operation)
  }

  #changing(call: string): void {
    this.#changes++
    this.changed.push(call)
    const trouble = this.#trouble
    if (this.#isStopped || (trouble?.kind !== 'kill' && trouble?.kind !== 'cut power')) return
    if (trouble.at !== this.#changes) return
    this.#isStopped = true
    this.#stop(trouble.kind === 'kill' ? this.disk.copy() : this.disk.cutPower(seeded(trouble.seed)))
  }
}
