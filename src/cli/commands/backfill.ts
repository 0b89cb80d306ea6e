import { backfillRequest, backfillSource, runBackfillTask } from '../../daemon/backfill-task.ts'
import { openTasks, type Tasks } from '../../daemon/tasks.ts'
import { tableLocation } from '../../iceberg/catalog/file-catalog.ts'
import type { BackfillEvent, BackfillSummary } from '../../ingest/backfill.ts'
import { runBackfill } from '../../ingest/backfill-thread.ts'
import type { SourceName } from '../../sources/catalogue.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { tableDirectory } from '../../stores/home.ts'
import type { Task } from '../../stores/records/kinds/task.ts'
import { recordPlace } from '../../stores/records/place.ts'
import type { TaskRequest } from '../../stores/records/task-life.ts'
import { openCatalog, systemContext } from '../../stores/table/catalog.ts'
import { applyTable } from '../../stores/table/store.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderBackfill } from '../render/event.ts'
import { reporter } from '../reporter.ts'
import { write } from '../writer.ts'

/** Loads a history: through the running daemon, or under the lock where none runs. */
export async function runBackfillCommand(
  context: CommandContext,
  source: SourceName,
  options: OptionValues,
): Promise<number> {
  const { io } = context
  const lines = reporter(io, io.stderrIsTerminal, io.stderr)
  let summary: BackfillSummary | undefined
  const onEvent = (event: BackfillEvent): void => {
    if (event.type === 'done') summary = event.summary
    lines.show(renderBackfill(event, context.pasteable))
  }
  try {
    await write(context, {
      throughDaemon: daemon =>
        daemon.stream(
          '/v1/backfill',
          { source, release: context.namedRelease },
          event => onEvent(event as BackfillEvent),
          io.signal,
        ),
      underLock: async () => void (await backfillUnderLock(context, async () => backfillRequest(source), onEvent)),
    })
  } finally {
    lines.end()
  }
  if (options['json'] === true && summary !== undefined) {
    const { ms, ...sums } = summary
    await printDocument(io, { ...sums, elapsed_ms: ms })
  }
  return 0
}

/**
 * Loads a history as a task, under the lock that the caller holds.
 * @param choose says what is to be done, once the tasks that were left behind are seen to
 */
export async function backfillUnderLock(
  { home, io, release }: CommandContext,
  choose: (tasks: Tasks) => Promise<TaskRequest>,
  onEvent: (event: BackfillEvent) => void,
): Promise<Task> {
  const declaration = await loadDeclaration(home, release)
  const directory = tableDirectory(home, declaration)
  await applyTable({
    catalog: openCatalog(home, declaration),
    declaration,
    location: tableLocation(directory),
    context: systemContext,
  })
  const tasks = await openTasks(recordPlace(home))
  const request = await choose(tasks)
  const source = backfillSource(request)
  const task = await tasks.open(request)
  const stop = (): void => tasks.stop()
  io.signal.addEventListener('abort', stop, { once: true })
  if (io.signal.aborted) stop()
  const env = { CLAUDE_CONFIG_DIR: io.env['CLAUDE_CONFIG_DIR'] }
  const work = { source, declaration, directory, records: home.records, home: io.userHome, env }
  try {
    await runBackfillTask(task, onEvent, (listener, signal) => runBackfill(work, listener, signal))
  } finally {
    io.signal.removeEventListener('abort', stop)
  }
  return tasks.find(task.id)
}
