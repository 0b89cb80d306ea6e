import { homedir } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { CliIo } from './io.ts'
import { runCli } from './program.ts'

/*
 * The one place that touches the process: its streams, signals and exit status.
 */

const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (abort.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    abort.abort(signal)
  })
}

// Whoever reads our output may stop reading; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
// What is told on the side is not what was asked for: that goes on.
process.stderr.on('error', () => undefined)

const io: CliIo = {
  stdin: () => addAbortSignal(abort.signal, process.stdin),
  stdout: data =>
    new Promise(resolve => {
      if (process.stdout.write(data)) resolve()
      else process.stdout.once('drain', resolve)
    }),
  stderr: text => void process.stderr.write(text),
  stdoutIsTerminal: process.stdout.isTTY,
  stderrIsTerminal: process.stderr.isTTY,
  columns: process.stdout.columns ?? process.stderr.columns ?? 100,
  env: process.env,
  userHome: homedir(),
  signal: abort.signal,
  program: fileURLToPath(new URL('../../bin/hyp.js', import.meta.url)),
}

process.exitCode = await runCli(process.argv.slice(2), io)
