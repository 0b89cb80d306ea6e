import type { Cell, Row } from '../../src/iceberg/types.ts'
import { appendOnce } from '../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../src/ingest/keys/row-key.ts'
import { seeded } from './crash-table.ts'
import { watchedFileIO } from './fault-file-io.ts'
import { loadTable, twin, versionOf } from './ingest-check.ts'
import { putSpool, type SpoolFiles } from './ingest-copies.ts'
import type { Meanwhile } from './ingest-disk.ts'
import { type Ledger, newAttempt } from './ingest-ledger.ts'
import { applyVersion, catalogOn, newContext, openProcess, type ProcessOptions } from './ingest-process.ts'
import { type ExpectedRow, expectedRow } from './ingest-requests.ts'
import { newRequest, receiver, send } from './ingest-sending.ts'
import { type Change, declarationOf, ids, nextVersion, table as tableName, type Version } from './ingest-versions.ts'
import type { PowerDisk } from './power-file-io.ts'

/* What other processes do to the same table. Their disk never fails. */

/** What others can be asked to do. */
export interface OthersDeed {
  readonly do: Meanwhile
  readonly seed?: number
  readonly change?: Change
  readonly chance?: number
}

/**
 * @param files the spool that another home has a copy of; it does nothing where there is none
 * @returns what is wrong, as sentences
 */
export async function othersDo(
  { do: what, seed = 0, change = 'add', chance = 0 }: OthersDeed,
  disk: PowerDisk,
  ledger: Ledger,
  files: SpoolFiles | undefined,
  options: ProcessOptions,
): Promise<string[]> {
  if (what === 'others append') await othersAppend(disk, ledger, seed)
  else if (what === 'others evolve') await othersEvolve(disk, ledger, change, chance)
  else if (files !== undefined && what === 'twin dies') await twinDies(disk, ledger, files, options)
  else if (files !== undefined) return twinFlushes(disk, ledger, files, seed, options)
  return []
}

/** The version after one; makes it where there is none. */
export function versionAfter({ versions }: Ledger, release: number, change: Change, chance: number): Version {
  const known = versions[release]
  if (known !== undefined) return known
  const next = nextVersion(versions.at(-1) as Version, change, chance)
  versions.push(next)
  return next
}

/** Another process brings the table to its next version. */
async function othersEvolve(disk: PowerDisk, ledger: Ledger, change: Change, chance: number): Promise<void> {
  const table = await loadTable(disk.io)
  if (table === undefined) return
  const next = versionAfter(ledger, versionOf(table, ledger).release, change, chance)
  await applyVersion(disk.io, next, ledger, newContext(ledger))
}

/** Another process appends rows, some of which have keys that were sent before. */
async function othersAppend(disk: PowerDisk, ledger: Ledger, seed: number): Promise<void> {
  const table = await loadTable(disk.io)
  if (table === undefined) return
  const random = seeded(seed)
  const version = versionOf(table, ledger)
  const number = ledger.requests.length
  ledger.requests.push({ number, rows: [], partial: false, name: undefined })
  const sent = ledger.attempts.slice(-4).flatMap(({ judged }) => judged.kept)
  const kept = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, index): ExpectedRow => {
    const same = random() < 0.6 ? sent[Math.floor(random() * sent.length)] : undefined
    const session = same?.cells[ids.session] ?? `s${Math.floor(random() * 3)}`
    const part = Number(same?.cells[ids.part] ?? Math.floor(random() * 12))
    return expectedRow(`${number}.${index}`, [
      [ids.session, session],
      [ids.part, part],
      [ids.tag, `${number}.${index}`],
      [ids.n, index],
    ])
  })
  const context = newContext(ledger)
  const attempt = newAttempt(ledger, { number, name: undefined }, noFlaws(kept))
  const rows = kept.map(row => tableRow(row, version))
  await appendOnce(
    catalogOn(disk.io, context),
    table,
    rows,
    rowKey(declarationOf(version, ledger.kind).identifier),
    context,
  )
  attempt.acknowledged = true
}

function noFlaws(kept: readonly ExpectedRow[]): Parameters<typeof newAttempt>[2] {
  return { kept, refused: 0, discardedRows: 0, discardedValues: 0, discarded: [], faulty: [] }
}

function tableRow({ cells }: ExpectedRow, { columns }: Version): Row {
  return Object.fromEntries(
    columns.map(({ id, names, type }): [string, Cell] => {
      const text = cells[id] ?? 'null'
      const value = text === 'null' ? null : type === 'long' ? BigInt(text) : type === 'string' ? text : Number(text)
      return [names[0] as string, value]
    }),
  )
}

/** Another home flushes a copy of the spool, and its process dies as soon as its commit has a name. */
async function twinDies(disk: PowerDisk, ledger: Ledger, files: SpoolFiles, options: ProcessOptions): Promise<void> {
  const table = await loadTable(disk.io)
  if (table === undefined) return
  await putSpool(disk, `${twin.spool}/${tableName}`, files)
  await new Promise<void>((resolve, reject) => {
    const io = watchedFileIO(disk.io, {
      after: ({ kind }) => {
        if (kind !== 'link') return undefined
        resolve()
        return new Promise(() => undefined)
      },
    })
    openProcess(io, twin, newContext(ledger), options)
      .then(({ intake }) => intake.flush(declarationOf(versionOf(table, ledger), ledger.kind)))
      .then(() => resolve(), reject)
  })
}

/**
 * Another home gets a copy of the spool, takes a request of its own, and flushes all of it into the same table.
 * @returns what is wrong, as sentences
 */
async function twinFlushes(
  disk: PowerDisk,
  ledger: Ledger,
  files: SpoolFiles,
  seed: number,
  options: ProcessOptions,
): Promise<string[]> {
  const table = await loadTable(disk.io)
  if (table === undefined) return []
  const directory = `${twin.spool}/${tableName}`
  await putSpool(disk, directory, files)
  const version = versionOf(table, ledger)
  const { intake } = await openProcess(disk.io, twin, newContext(ledger), options)
  const plan = { rows: 1 + (seed % 3), seed, named: false, partial: false, flawed: 0, colliding: true }
  const request = newRequest(ledger, plan, version)
  const { problems } = await send(request, ledger, receiver(intake, version, false, ledger))
  await intake.flush(declarationOf(version, ledger.kind))
  await intake.close()
  await putSpool(disk, directory, [])
  return [...problems]
}
