import type { DaemonEvent } from '../../daemon/event.ts'
import { daemonLog } from '../../daemon/log.ts'
import { importInBackground, startDaemon } from '../../daemon/start.ts'
import type { CommandContext } from '../context.ts'
import { intakeLimits } from '../daemon-settings.ts'
import type { OptionValues } from '../option.ts'
import { portOf } from '../port.ts'
import { renderEvent } from '../render/event.ts'
import { reporter } from '../reporter.ts'

/** Runs the daemon in the foreground until it is told to stop. */
export async function runDaemon(context: CommandContext, options: OptionValues): Promise<number> {
  const { io } = context
  const { logFormat } = options
  const asText = logFormat === undefined ? io.stdoutIsTerminal : logFormat === 'text'
  // A log that cannot be written, because the disk is full, ends no daemon.
  const print = (text: string): void => void io.stdout(text).catch(() => undefined)
  const lines = reporter(io, io.stdoutIsTerminal, print)
  const log = daemonLog(print)
  const onEvent = (event: DaemonEvent): void =>
    asText ? lines.show(renderEvent(event, context.pasteable)) : log(event)
  const daemon = await startDaemon({
    home: context.home,
    release: context.release,
    port: portOf(options),
    userHome: io.userHome,
    env: io.env,
    onEvent,
    limits: intakeLimits(options),
    signal: io.signal,
  })
  void importInBackground(daemon, onEvent)
  await new Promise<void>(resolve => {
    if (io.signal.aborted) resolve()
    else io.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  lines.end()
  await daemon.stop(String(io.signal.reason))
  return 0
}
