import { takeLock } from '../../daemon/lock.ts'
import { removePresence, writePresence } from '../../daemon/presence.ts'
import { tableLocation } from '../../iceberg/catalog/file-catalog.ts'
import type { BackfillEvent, BackfillSummary, SourceName } from '../../ingest/backfill.ts'
import { runBackfill } from '../../ingest/backfill-thread.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { ensureHome, tableDirectory } from '../../stores/home.ts'
import { openCatalog, systemContext } from '../../stores/table/catalog.ts'
import { applyTable } from '../../stores/table/store.ts'
import { version } from '../../version.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderBackfill } from '../render/event.ts'
import { reporter } from '../reporter.ts'

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
  const daemon = await findDaemon(context.home)
  try {
    if (daemon !== undefined)
      await daemon.stream(
        '/v1/backfill',
        { source, release: context.namedRelease },
        event => onEvent(event as BackfillEvent),
        io.signal,
      )
    else await underLock(context, source, onEvent)
  } finally {
    lines.end()
  }
  if (options['json'] === true && summary !== undefined) {
    const { ms, ...sums } = summary
    await printDocument(io, { ...sums, elapsed_ms: ms })
  }
  return 0
}

async function underLock(
  context: CommandContext,
  source: SourceName,
  onEvent: (event: BackfillEvent) => void,
): Promise<void> {
  const { home, io } = context
  await ensureHome(home)
  const lock = await takeLock(home)
  try {
    await writePresence(home, { pid: process.pid, version, startedAt: new Date().toISOString(), socket: null })
    const declaration = await loadDeclaration(home, context.release)
    const directory = tableDirectory(home, declaration.table)
    await applyTable({
      catalog: openCatalog(home, declaration.table),
      declaration,
      location: tableLocation(directory),
      context: systemContext,
    })
    await runBackfill(
      { source, declaration, directory, home: io.userHome, env: { CLAUDE_CONFIG_DIR: io.env['CLAUDE_CONFIG_DIR'] } },
      onEvent,
      io.signal,
    )
  } finally {
    await removePresence(home)
    lock.release()
  }
}
