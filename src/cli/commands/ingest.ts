import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { shellWord } from '../../daemon/shell-word.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { HypError, toHypError } from '../../errors.ts'
import { mediaTypes } from '../../ingest/batch/format.ts'
import { type BodyPart, bodyParts } from '../../ingest/batch/parts.ts'
import type { RowError } from '../../ingest/batch/row-error.ts'
import { withFieldIds } from '../../ingest/flush/captured-ids.ts'
import { startFlusher } from '../../ingest/flush/flush-thread.ts'
import type { IntakeAnswer, IntakeRequest } from '../../ingest/intake.ts'
import { openTableIntake } from '../../ingest/table-intake.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { applyTables } from '../../stores/table/apply-tables.ts'
import { systemContext } from '../../stores/table/catalog.ts'
import type { DaemonClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { CliIo } from '../io.ts'
import type { OptionValues } from '../option.ts'
import { type Ingested, renderIngested, renderRowErrors } from '../render/ingested.ts'
import { write } from '../writer.ts'

type Send = (request: IntakeRequest) => Promise<{ readonly answer: IntakeAnswer; readonly replayed: boolean }>

/**
 * Stores the rows of a file or of the standard input: through the running daemon, or under the lock where none runs.
 * What fits one request is taken whole or not at all.
 */
export async function runIngest(
  context: CommandContext,
  options: OptionValues,
  table: string,
  file: string,
): Promise<number> {
  const { io } = context
  const ingested = await write(context, {
    throughDaemon: daemon => sendAll(context, options, table, file, request => post(context, daemon, table, request)),
    underLock: () => underLock(context, options, table, file),
  })
  if (options['json'] === true) await printDocument(io, ingested)
  else await io.stdout(renderIngested(ingested))
  if (ingested.refused > 0 && options['json'] !== true) io.stderr(renderRowErrors(ingested.errors, ingested.refused))
  return 0
}

/** Sends the parts of a file one after the other. What was stored before a part that fails is told with the failure. */
async function sendAll(
  { io, pasteable }: CommandContext,
  options: OptionValues,
  table: string,
  file: string,
  send: Send,
): Promise<Ingested> {
  const named = typeof options['idempotencyKey'] === 'string' ? options['idempotencyKey'] : undefined
  const key = named ?? randomUUID()
  const partial = options['partial'] === true
  const words = [table, file, ...(partial ? ['--partial'] : []), '--idempotency-key', key]
  const again = pasteable(`hyp ingest ${words.map(shellWord).join(' ')}`)
  let sum: Ingested = {
    formatVersion: 1,
    table,
    rows: 0,
    held: false,
    discarded: { rows: 0, values: 0 },
    refused: 0,
    errors: [],
    replayed: 0,
  }
  let number = 0
  try {
    for await (const part of partsOf(file, io)) {
      const { answer, replayed } = await send({ ...part, idempotencyKey: partKey(key, number++), partial })
      sum = added(sum, answer, replayed)
      if (io.signal.aborted) throw interrupted
    }
  } catch (error) {
    const known = toHypError(error)
    if (known.code === 'ROWS_REFUSED' && options['json'] !== true) tellRefused(known, sum)
    throw behind(known, sum, again)
  }
  return sum

  function tellRefused({ details }: HypError, before: Ingested): void {
    const errors = (details['errors'] ?? []) as RowError[]
    const shifted = errors.map(error => ({ ...error, index: error.index + rowsOf(before) }))
    io.stderr(renderRowErrors(shifted, Number(details['refused'])))
  }
}

/** The first part goes by the key itself: the same rows sent over HTTP under it are the same request. */
function partKey(key: string, number: number): string {
  return number === 0 ? key : `${key}/${number}`
}

const interrupted = new HypError('INTERRUPTED', 'Interrupted.')

async function* partsOf(file: string, { stdin, signal }: CliIo): AsyncGenerator<BodyPart> {
  try {
    let isEmpty = true
    for await (const part of bodyParts(
      file === '-' ? stdin() : createReadStream(file, { highWaterMark: 1024 * 1024, signal }),
    )) {
      isEmpty = false
      yield part
    }
    // It is sent all the same: whoever sends nothing learns, too, whether there is such a table.
    if (isEmpty) yield { body: new Uint8Array(), format: 'ndjson' }
  } catch (cause) {
    if (signal.aborted) throw interrupted
    if (cause instanceof HypError) throw cause
    throw new HypError('USAGE', `The file ${file} cannot be read: ${(cause as Error).message}.`, {
      hint: 'Name a file of rows, or - for the standard input.',
      cause,
    })
  }
}

/** Rows of one answer more; the places of its errors become places in the file. */
function added(sum: Ingested, answer: IntakeAnswer, replayed: boolean): Ingested {
  const before = rowsOf(sum)
  return {
    ...sum,
    rows: sum.rows + answer.rows,
    held: sum.held || answer.held,
    discarded: {
      rows: sum.discarded.rows + answer.discarded.rows,
      values: sum.discarded.values + answer.discarded.values,
    },
    refused: sum.refused + answer.refused,
    errors: [...sum.errors, ...answer.errors.map(error => ({ ...error, index: error.index + before }))].slice(0, 100),
    replayed: sum.replayed + (replayed ? 1 : 0),
  }
}

function rowsOf({ rows, refused, discarded }: IntakeAnswer): number {
  return rows + refused + discarded.rows
}

/** Where it is open whether the rows of a request were taken. */
const openEnds: readonly ErrorCode[] = ['DAEMON_UNREACHABLE', 'INTERRUPTED']

/** An error with what was stored before it, and the command that goes on from there. */
function behind(error: HypError, sum: Ingested, again: string): HypError {
  const before = rowsOf(sum)
  const isOpen = openEnds.includes(error.code)
  if (before === 0 && !isOpen) return error
  const way = `\`${again}\` goes on from there: what was taken is not taken twice.`
  return new HypError(
    error.code,
    before === 0 ? error.message : `${error.message} The first ${before} rows of the input were taken.`,
    {
      hint: isOpen ? way : `${mendFirst[error.code] ?? error.hint} Then ${way}`,
      details: { ...error.details, taken: before },
      cause: error,
    },
  )
}

/** What to do before going on, where the usual advice would be about a batch of which nothing was stored. */
const mendFirst: Partial<Readonly<Record<ErrorCode, string>>> = { ROWS_REFUSED: 'Mend the rows.' }

/** A daemon whose spool is full says when to come again. */
async function post(
  { io }: CommandContext,
  daemon: DaemonClient,
  table: string,
  { body, format, idempotencyKey, partial }: IntakeRequest,
): ReturnType<Send> {
  let told = false
  for (;;) {
    try {
      const { document, headers } = await daemon.send(
        `/v1/tables/${encodeURIComponent(table)}/rows${partial ? '?partial=1' : ''}`,
        body,
        { 'content-type': mediaTypes[format], 'idempotency-key': idempotencyKey ?? '' },
        io.signal,
      )
      return { answer: document as IntakeAnswer, replayed: headers['idempotency-replayed'] === 'true' }
    } catch (error) {
      if (!(error instanceof HypError) || error.code !== 'SPOOL_FULL' || io.signal.aborted) throw error
      if (!told) io.stderr(`${error.message} Waiting until rows are taken again; Ctrl-C ends it.\n`)
      told = true
      await sleep(1000, undefined, { signal: io.signal }).catch(() => undefined)
    }
  }
}

/** The rows are durable by then, and whoever comes next flushes them. */
function ignoreInterruption(error: unknown): void {
  if (toHypError(error).code !== 'INTERRUPTED') throw error
}

async function underLock(
  context: CommandContext,
  options: OptionValues,
  table: string,
  file: string,
): Promise<Ingested> {
  const { home, release } = context
  const declaration = await loadDeclaration(home, release, table)
  const [outcome] = await applyTables({ home, declarations: [declaration], context: systemContext })
  const held = outcome === undefined || outcome.result instanceof HypError
  const captured =
    outcome === undefined || outcome.result instanceof HypError
      ? declaration
      : withFieldIds(declaration, outcome.result.table.metadata)
  const flusher = startFlusher()
  const intake = await openTableIntake({ home, declaration, flusher, signal: context.io.signal })
  try {
    const ingested = await sendAll(context, options, table, file, request =>
      intake.accept(request, { declaration: captured, held }),
    )
    if (!held) await intake.flush(declaration).catch(ignoreInterruption)
    return ingested
  } finally {
    await intake.close()
    await flusher.close()
  }
}
