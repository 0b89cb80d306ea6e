import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { backfillOf, backfillTask, runBackfillTask } from '../../daemon/backfill-task.ts'
import { openTasks, type Tasks } from '../../daemon/tasks.ts'
import { HypError } from '../../errors.ts'
import { tableLocation } from '../../iceberg/catalog/file-catalog.ts'
import { type BackfillRequest, type BackfillScope, historyEnvironment } from '../../ingest/backfill/backfill-request.ts'
import type { BackfillEvent, BackfillSummary } from '../../ingest/backfill/backfill-summary.ts'
import { type BackfillTask, runBackfill } from '../../ingest/backfill/backfill-thread.ts'
import { heldDeclaration } from '../../ingest/backfill/held-declaration.ts'
import type { AcceptRows } from '../../ingest/backfill/spool-sink.ts'
import { timeRange } from '../../ingest/backfill/time-range.ts'
import { startFlusher } from '../../ingest/flush/flush-thread.ts'
import { tablesWithSpool } from '../../ingest/spool-report.ts'
import { openTableIntake } from '../../ingest/table-intake.ts'
import type { Declaration } from '../../schema/declaration.ts'
import { type SourceName, sourceNames } from '../../sources/catalogue.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { type Home, tableDirectory } from '../../stores/home.ts'
import type { Task } from '../../stores/records/kinds/task.ts'
import { recordPlace } from '../../stores/records/place.ts'
import type { TaskRequest } from '../../stores/records/task-life.ts'
import { planOf } from '../../stores/table/apply-tables.ts'
import { openCatalog, systemContext } from '../../stores/table/catalog.ts'
import { applyTable, refuse } from '../../stores/table/store.ts'
import type { DaemonClient } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderBackfill } from '../render/backfill.ts'
import { visible } from '../render/visible.ts'
import { reporter } from '../reporter.ts'
import { write } from '../writer.ts'

type Listener = (event: BackfillEvent) => void

/** Loads histories: through the running daemon, or under the lock where none runs. What only counts needs no lock. */
export async function runBackfillCommand(
  context: CommandContext,
  source: BackfillScope,
  options: OptionValues,
): Promise<number> {
  const { io } = context
  const request = await requestOf(source, options)
  const lines = reporter(io, io.stderrIsTerminal, io.stderr)
  let summary: BackfillSummary | undefined
  const onEvent = (event: BackfillEvent): void => {
    if (event.type === 'done') summary = event.summary
    lines.show(renderBackfill(event, context.pasteable))
  }
  try {
    const dryRun = request.dryRun === true
    const throughDaemon = (daemon: DaemonClient): Promise<void> =>
      daemon.stream(
        '/v1/backfill',
        { ...request, release: context.namedRelease },
        event => onEvent(event as BackfillEvent),
        io.signal,
      )
    const underLock = async (): Promise<void> => {
      if (dryRun) await count(context, request, onEvent)
      else await backfillUnderLock(context, async () => backfillTask(request), onEvent)
    }
    await write(context, { throughDaemon, underLock }, dryRun)
  } finally {
    lines.end()
  }
  if (options['json'] === true && summary !== undefined) {
    const { ms, ...sums } = summary
    await printDocument(io, { ...sums, elapsed_ms: ms })
  }
  return 0
}

/** @throws HypError USAGE for a range of time that is none, and for a directory that is not there */
async function requestOf(source: BackfillScope, options: OptionValues): Promise<BackfillRequest> {
  const { since, until, dryRun } = options
  const named = sourceNames.flatMap(name => {
    const directory = options[`${name}Dir`]
    return typeof directory === 'string' && directory !== '' ? [[name, resolve(directory)] as const] : []
  })
  for (const [name, directory] of named) await checkDirectory(name, directory)
  const request = {
    source,
    ...(typeof since === 'string' ? { since } : {}),
    ...(typeof until === 'string' ? { until } : {}),
    ...(named.length === 0 ? {} : { directories: Object.fromEntries(named) }),
    ...(dryRun === true ? { dryRun: true } : {}),
  }
  timeRange(request.since, request.until)
  return request
}

async function checkDirectory(name: SourceName, directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined)
  if (found?.isDirectory() === true) return
  throw new HypError('USAGE', `--${name}-dir names ${directory}, which is no directory.`, {
    hint: 'Name the one that the client keeps its history in.',
  })
}

/** Reads and counts. Nothing is made, not even the home. */
async function count(context: CommandContext, request: BackfillRequest, onEvent: Listener): Promise<void> {
  const { home, io, release } = context
  const declaration = await loadDeclaration(home, release)
  const plan = await planOf(home, declaration)
  if (plan.verdict === 'newer') refuse(plan)
  await runBackfill(workOf(context, request, declaration, plan.verdict === 'breaking'), { onEvent, signal: io.signal })
}

function workOf(
  { home, io }: CommandContext,
  request: BackfillRequest,
  declaration: Declaration,
  held: boolean,
): BackfillTask {
  return {
    request,
    where: { home: io.userHome, env: historyEnvironment(io.env) },
    declaration,
    tableDirectory: tableDirectory(home, declaration),
    records: home.records,
    held,
  }
}

/**
 * Loads histories as a task, under the lock that the caller holds. Where the declaration breaks the table, rows go to
 * its spool.
 * @param choose says what is to be done, once the tasks that were left behind are seen to
 */
export async function backfillUnderLock(
  context: CommandContext,
  choose: (tasks: Tasks) => Promise<TaskRequest>,
  onEvent: Listener,
): Promise<Task> {
  const { home, io, release } = context
  const declaration = await loadDeclaration(home, release)
  const refusal = await refusalOf(home, declaration)
  const tasks = await openTasks(recordPlace(home))
  const chosen = await choose(tasks)
  const request = backfillOf(chosen)
  if (refusal !== undefined) tellRefusal(context, refusal)
  const task = await tasks.open(chosen)
  const stop = (): void => tasks.stop()
  io.signal.addEventListener('abort', stop, { once: true })
  if (io.signal.aborted) stop()
  const held = refusal !== undefined
  try {
    await runBackfillTask(task, onEvent, async (listener, signal) => {
      const captured = held ? await capturedWhileHeld(home, declaration) : declaration
      const work = workOf(context, request, captured, held)
      return withSpool(context, captured, held, spool => runBackfill(work, { onEvent: listener, signal, spool }))
    })
  } finally {
    io.signal.removeEventListener('abort', stop)
  }
  return tasks.find(task.id)
}

/** Why the table takes no rows as it is declared; undefined where it does. @throws HypError STORE_NEWER and others */
async function refusalOf(home: Home, declaration: Declaration): Promise<HypError | undefined> {
  try {
    await applyTable({
      catalog: openCatalog(home, declaration),
      declaration,
      location: tableLocation(tableDirectory(home, declaration)),
      context: systemContext,
    })
    return undefined
  } catch (error) {
    if (error instanceof HypError && error.code === 'SCHEMA_BREAKING') return error
    throw error
  }
}

async function capturedWhileHeld(home: Home, refused: Declaration): Promise<Declaration> {
  const table = await openCatalog(home, refused).load()
  return heldDeclaration(refused, table.metadata)
}

/** With what takes rows into the spool of the table; first, what waited there goes into a table that takes rows again. */
async function withSpool<Result>(
  { home, io }: CommandContext,
  declaration: Declaration,
  held: boolean,
  work: (spool: AcceptRows | undefined) => Promise<Result>,
): Promise<Result> {
  if (!held && !(await tablesWithSpool(home)).includes(declaration.table)) return work(undefined)
  const flusher = startFlusher()
  const intake = await openTableIntake({ home, declaration, flusher, signal: io.signal })
  try {
    if (!held && intake.state().rows > 0) await intake.flush(declaration)
    return await work(async body => {
      const { answer } = await intake.accept({ body, format: 'ndjson', partial: true }, { declaration, held })
      return answer
    })
  } finally {
    await intake.close()
    await flusher.close()
  }
}

function tellRefusal({ io, pasteable }: CommandContext, refusal: HypError): void {
  io.stderr(
    [
      `refused  ${visible(refusal.message)} [${refusal.code}]`,
      `         what is imported waits in the spool; every reason: ${pasteable('hyp plan')}\n`,
    ].join('\n'),
  )
}
