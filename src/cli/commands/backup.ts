import { resolve } from 'node:path'
import { HypError } from '../../errors.ts'
import { deleteAgain } from '../../ingest/deletion/delete-again.ts'
import { type BackupReport, backUp } from '../../stores/backup/backup.ts'
import { type LaterDeletions, type Prepared, restore } from '../../stores/backup/restore.ts'
import { ensureHome, type Home, homeAt } from '../../stores/home.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderBackup, renderRestore } from '../render/backup.ts'
import { visible } from '../render/visible.ts'
import { holding, write } from '../writer.ts'

/** Copies the home: through the running daemon, which goes on taking rows, or under the lock where none runs. */
export async function runBackup(context: CommandContext, options: OptionValues, named: string): Promise<number> {
  const { io, home, release, namedRelease } = context
  // The daemon works in a directory of its own.
  const directory = resolve(named)
  const report = await write(context, {
    throughDaemon: daemon => daemon.post<BackupReport>('/v1/backup', { directory, release: namedRelease }, io.signal),
    underLock: () => backUp({ home, release, directory, signal: io.signal }),
  })
  if (options['json'] === true) await printDocument(io, report)
  else await io.stdout(`${renderBackup(report).map(visible).join('\n')}\n`)
  return 0
}

/** Puts a backup in the place of what is in the home, which is kept. */
export async function runRestore(context: CommandContext, options: OptionValues, named: string): Promise<number> {
  const { io, home, pasteable } = context
  const directory = resolve(named)
  await ensureHome(home)
  const daemon = await findDaemon(home)
  if (daemon !== undefined) throw daemonRuns(home, daemon.pid, 'Stop it with `hyp stop`')
  await checkIsStill(homeAt(directory))
  const bringBack = options['withDeleted'] === true
  const { signal } = io
  const onPrepared = (prepared: Prepared): Promise<LaterDeletions[]> => deleteAgain(prepared, { bringBack, signal })
  const report = await holding(context, () => restore({ home, directory, onPrepared, signal }))
  if (options['json'] === true) await printDocument(io, report)
  else await io.stdout(`${renderRestore(report, pasteable).map(visible).join('\n')}\n`)
  return 0
}

/** A backup that somebody works in is a home, which changes. @throws HypError LOCKED */
async function checkIsStill(backup: Home): Promise<void> {
  const daemon = await findDaemon(backup)
  if (daemon !== undefined) throw daemonRuns(backup, daemon.pid, 'Stop that daemon')
}

function daemonRuns(home: Home, pid: number, stop: string): HypError {
  return new HypError('LOCKED', `The daemon runs in ${home.directory}, process ${pid}.`, {
    hint: `${stop}, and run the command again. Nothing was changed.`,
    details: { home: home.directory, pid },
  })
}
