import { tableLocation } from '../../iceberg/catalog/file-catalog.ts'
import type { BackfillEvent, BackfillSummary, SourceName } from '../../ingest/backfill.ts'
import { runBackfill } from '../../ingest/backfill-thread.ts'
import { loadDeclaration } from '../../stores/declared.ts'
import { tableDirectory } from '../../stores/home.ts'
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
      underLock: () => underLock(context, source, onEvent),
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

async function underLock(
  context: CommandContext,
  source: SourceName,
  onEvent: (event: BackfillEvent) => void,
): Promise<void> {
  const { home, io } = context
  const declaration = await loadDeclaration(home, context.release)
  const directory = tableDirectory(home, declaration)
  await applyTable({
    catalog: openCatalog(home, declaration),
    declaration,
    location: tableLocation(directory),
    context: systemContext,
  })
  await runBackfill(
    { source, declaration, directory, home: io.userHome, env: { CLAUDE_CONFIG_DIR: io.env['CLAUDE_CONFIG_DIR'] } },
    onEvent,
    io.signal,
  )
}
