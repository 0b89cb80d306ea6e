import { homedir } from 'node:os'
import { addAbortSignal } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { errorCatalogue } from '../error-catalogue.ts'
import type { CliIo } from './io.ts'
import { outputTo } from './output.ts'
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

// Whoever reads our output may stop reading: what is under way ends in order, and that is no failure.
let unread = false
const stdout = outputTo(process.stdout, () => {
  unread = true
  abort.abort('SIGPIPE')
})

// What is told on the side is not what was asked for: that goes on.
process.stderr.on('error', () => undefined)

const io: CliIo = {
  stdin: () => addAbortSignal(abort.signal, process.stdin),
  stdout,
  stderr: text => {
    if (!unread) process.stderr.write(text)
  },
  stdoutIsTerminal: process.stdout.isTTY,
  stderrIsTerminal: process.stderr.isTTY,
  columns: process.stdout.columns ?? process.stderr.columns ?? 100,
  env: process.env,
  userHome: homedir(),
  signal: abort.signal,
  program: fileURLToPath(new URL('../../bin/hyp.js', import.meta.url)),
}

const status = await runCli(process.argv.slice(2), io)
process.exitCode = unread && status === errorCatalogue.INTERRUPTED.exit ? 0 : status
