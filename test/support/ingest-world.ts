import { serialize } from 'node:v8'
import { toHypError } from '../../src/errors.ts'
import { seeded } from './crash-table.ts'
import type { Action, Deed } from './ingest-actions.ts'
import { diskProblems, home, type Readings, restProblems } from './ingest-check.ts'
import { putBack, type SpoolCopy, type SpoolFiles, spoolFiles } from './ingest-copies.ts'
import { damageSpool, spoolFaulty } from './ingest-damage.ts'
import { IngestDisk, type Meanwhile, type Seam, type Trouble } from './ingest-disk.ts'
import { isSettled, type Ledger, newLedger, type Request, wait } from './ingest-ledger.ts'
import { type OthersDeed, othersDo, versionAfter } from './ingest-others.ts'
import { type IngestProcess, type Kept, keep, newContext, openProcess, type ProcessOptions } from './ingest-process.ts'
import { changed, newRequest, type Receiver, receiver, replayProblems, send } from './ingest-sending.ts'
import type { Change, TableKind, Version } from './ingest-versions.ts'
import { viewProblems } from './ingest-view.ts'
import { digestOf, PowerDisk } from './power-file-io.ts'

interface Running extends IngestProcess {
  /** Its first attempt. */
  readonly first: number
  kept: Kept
}

export interface WorldOptions extends ProcessOptions {
  readonly seam?: Seam
}

/** A home with one table, a process that takes rows into it, and all that can happen to them. */
export class IngestWorld {
  readonly ledger: Ledger
  readonly options: WorldOptions
  /** What was found wrong, as sentences. */
  readonly problems: string[] = []
  /** How often what happened. */
  readonly tally = new Map<string, number>()
  /** What its processes asked of their disks, in order. */
  readonly trace: string[] = []
  disk: IngestDisk
  /** The release of the declaration file. */
  #file = 1
  #running: Running | undefined
  #copy: SpoolCopy | undefined
  #before: SpoolFiles | undefined
  /** Those of all worlds that are forks of one. */
  #readings: Readings = new Map()

  private constructor(disk: PowerDisk, ledger: Ledger, options: WorldOptions) {
    this.disk = new IngestDisk(disk, this.trace, options.seam)
    this.ledger = ledger
    this.options = options
  }

  static async make(kind: TableKind, options: WorldOptions): Promise<IngestWorld> {
    const disk = new PowerDisk()
    for (const directory of [home.spool, home.tables]) await disk.io.makeDirectory(directory)
    return new IngestWorld(disk, newLedger(kind), options)
  }

  /** Another world that is like this one, on a disk of its own; without the process. */
  fork(disk: PowerDisk = this.disk.disk.copy()): IngestWorld {
    const forked = new IngestWorld(disk, structuredClone(this.ledger), this.options)
    forked.#file = this.#file
    forked.#copy = this.#copy
    forked.#readings = this.#readings
    return forked
  }

  /**
   * The same for worlds of which the same comes while the power stays and no process runs. The chance and the names
   * that the next process gets are not part of it.
   */
  state(): string {
    return digestOf(serialize([this.disk.disk.state('/'), { ...this.ledger, seeds: 0 }, this.#file, this.#copy]))
  }

  /** What is to happen to the disk from now on. */
  expect(trouble: Trouble | undefined): void {
    this.disk.expect(trouble, what => this.#meanwhile(what, trouble?.at ?? 0))
  }

  /** Ends the process; the next deed begins another one. */
  async rest(): Promise<void> {
    await this.#checked('closing', () => this.#close())
  }

  /** Does something, whatever comes of it; where the process is no more afterwards, another one is begun. */
  async perform({ deed, trouble }: Action): Promise<void> {
    if (trouble !== undefined) this.expect(trouble)
    if (this.disk.expected === 'meanwhile') this.#before = this.#copied()
    const failed = this.disk.failed.length
    const left = await Promise.race([this.#attempt(deed, failed), this.disk.stopped])
    if (this.disk.failed.length > failed) this.count('failed')
    if (left !== undefined) {
      this.count('stopped')
      await this.begin(left)
    }
    // A disk that fails goes on failing; all else comes now or never.
    if (left === undefined && trouble !== undefined && trouble.kind !== 'fail') this.disk.expect(undefined)
  }

  /** Ends the process, begins another one on what is left of the disk, and looks at everything. */
  async begin(left: PowerDisk): Promise<void> {
    const { failing } = this.disk
    this.#running = undefined
    this.disk = new IngestDisk(left, this.trace, this.options.seam)
    this.disk.expect(failing)
    await this.#attempt(undefined, 0)
    await this.check('after a restart')
  }

  /** Flushes all there is under the newest declaration, and looks whether all promises are kept. */
  async finish(): Promise<void> {
    this.disk.expect(undefined)
    this.#file = this.ledger.versions.length
    await this.rest()
    await this.begin(this.disk.disk)
    const running = this.#running
    if (running === undefined) return
    await this.#checked('flushing at the end', async () => {
      const { held } = await running.intake.flush(this.#receiver(running).target.declaration)
      for (const { reason } of held) this.problems.push(`rows are held at the end: ${reason}`)
      this.problems.push(...(await replayProblems(this.ledger, this.#receiver(running))))
      await running.intake.close()
    })
    await this.check('when all is flushed')
    this.problems.push(...restProblems(this.disk.disk, this.ledger))
  }

  count(what: string, times = 1): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + times)
  }

  async check(when: string): Promise<void> {
    const { disk } = this.disk
    const version = this.#running?.kept.version
    const problems = await diskProblems(disk, this.ledger, this.#readings)
    if (version !== undefined)
      await this.#checked(`looking ${when}`, async () => {
        problems.push(...(await viewProblems(disk, this.ledger, version, this.#readings)))
      })
    this.problems.push(...problems.map(problem => `${when}: ${problem}`))
  }

  /** @returns undefined, in which it is unlike a disk that is left */
  async #attempt(deed: Deed | undefined, failed: number): Promise<undefined> {
    await this.#checked(deed?.do ?? 'beginning', () => this.#do(deed), failed)
  }

  /** What fails must have met a failure of the disk. */
  async #checked(what: string, work: () => Promise<void>, failed = this.disk.failed.length): Promise<void> {
    try {
      await work()
    } catch (error) {
      const known = toHypError(error)
      const isOfDisk = this.disk.failed.length > failed && known.code !== 'INTERNAL'
      if (!isOfDisk) this.problems.push(`${what}: ${known.code}: ${(error as Error).stack}`)
    }
  }

  async #do(deed: Deed | undefined): Promise<void> {
    const { ledger } = this
    const disk = this.disk.disk
    switch (deed?.do) {
      case undefined:
        return void (await this.#process())
      case 'ingest':
        return this.#send(({ version }) => deed.requests.map(plan => newRequest(ledger, plan, version)))
      case 'ingest twice':
        return this.#send(({ version }) => Array(2).fill(newRequest(ledger, deed.request, version)) as Request[])
      case 'again': {
        const sent = ledger.requests.filter(({ rows }) => rows.length > 0)
        const request = sent.at(deed.which < 0 ? deed.which : deed.which % sent.length)
        if (request === undefined) return
        return this.#send(({ version }) => [deed.changed ? changed(ledger, request, version) : request])
      }
      case 'spool a faulty row':
        return spoolFaulty(disk, ledger, this.#declared(), deed.seed)
      case 'flush':
        return this.#flush({ most: Number.POSITIVE_INFINITY, interrupted: false })
      case 'flush part':
        return this.#flush({ most: deed.most, interrupted: false })
      case 'flush interrupted':
        return this.#flush({ most: Number.POSITIVE_INFINITY, interrupted: true })
      case 'declare next':
        this.#file = versionAfter(ledger, this.#file, deed.change, deed.chance).release
        return this.#apply(await this.#process())
      case 'put older file':
      case 'declare older':
        this.#file = Math.max(1, this.#file - 1)
        if (deed.do === 'declare older') await this.#apply(await this.#process())
        return
      case 'others append':
      case 'others evolve':
      case 'twin flushes':
      case 'twin dies':
        return this.#others(deed, this.#copied())
      case 'copy spool':
        this.#copy = { files: spoolFiles(disk), serial: ledger.serial }
        return
      case 'put copy back':
        return this.#putBack(deed.kill)
      case 'restart':
        await this.#close()
        return this.begin(this.disk.disk)
      case 'kill':
        return this.begin(disk.copy())
      case 'cut power':
        return this.begin(disk.cutPower(seeded(deed.seed)))
      case 'wait':
        return wait(ledger, deed.ms)
      case 'damage':
        return damageSpool(disk, ledger, deed)
      case 'repair':
        return this.disk.expect(undefined)
    }
  }

  /** The process; begins one where none could be begun before. */
  async #process(): Promise<Running> {
    if (this.#running !== undefined) return this.#running
    const { ledger } = this
    const first = ledger.serial
    const kept = await keep(this.disk, this.#declared(), ledger, undefined)
    const opened = await openProcess(this.disk.io, home, newContext(ledger), this.options)
    return (this.#running = { ...opened, first, kept })
  }

  async #apply(running: Running): Promise<void> {
    running.kept = await keep(this.disk, this.#declared(), this.ledger, running.kept)
  }

  /** What the file says. */
  #declared(): Version {
    return this.ledger.versions[this.#file - 1] as Version
  }

  #receiver({ intake, kept: { version, refused } }: Running): Receiver {
    return receiver(intake, version, refused, this.ledger)
  }

  /** Requests that come together; one that fails does not keep the others. */
  async #send(requestsTo: (target: Receiver) => readonly Request[]): Promise<void> {
    const target = this.#receiver(await this.#process())
    const failed = this.disk.failed.length
    await Promise.all(
      requestsTo(target).map(request =>
        this.#checked(
          `request ${request.number}`,
          async () => {
            const { outcome, problems } = await send(request, this.ledger, target)
            this.count(outcome)
            this.problems.push(...problems)
          },
          failed,
        ),
      ),
    )
  }

  async #flush(manner: IngestProcess['manner']): Promise<void> {
    const running = await this.#process()
    // As the daemon: rows wait until the table is well.
    if (running.kept.refused) return
    Object.assign(running.manner, manner)
    try {
      const { held, damaged, commits, duplicates, setAside } = await running.intake.flush(
        this.#receiver(running).target.declaration,
      )
      const happened = { commits, duplicates, setAside, held: held.length, damaged: damaged.ranges }
      for (const [name, times] of Object.entries(happened)) this.count(name, times)
      const left = running.intake.state().rows
      const isWhole = manner.most === Number.POSITIVE_INFINITY && held.length === 0
      if (isWhole && left > 0) this.problems.push(`${left} rows are left by a flush that holds none`)
    } catch (error) {
      if (!(manner.interrupted && (error as Error).name === 'AbortError')) throw error
      this.count('interrupted')
    }
  }

  async #meanwhile(what: Meanwhile, seed: number): Promise<void> {
    this.count(`meanwhile ${what}`)
    const change = (['add', 'rename', 'promote', 'rename key'] as const)[seed % 4] as Change
    await this.#others({ do: what, seed, change, chance: 0 }, this.#before)
  }

  async #others(deed: OthersDeed, files: SpoolFiles | undefined): Promise<void> {
    this.problems.push(...(await othersDo(deed, this.disk.disk, this.ledger, files, this.options)))
  }

  /** What a copy of the home would have now; undefined where something of it may look as if it were there. */
  #copied(): SpoolFiles | undefined {
    return isSettled(this.ledger, this.#running?.first ?? 0) ? spoolFiles(this.disk.disk) : undefined
  }

  async #close(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.intake.close()
  }

  async #putBack(kill: boolean): Promise<void> {
    if (this.#copy === undefined) return
    if (!kill) await this.#close().catch(() => undefined)
    const disk = this.disk.disk.copy()
    await putBack(disk, this.ledger, this.#copy)
    this.count('put back')
    await this.begin(disk)
  }
}
