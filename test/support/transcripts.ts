import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A line of a transcript that becomes one row, unless members are taken from it. */
export function line(session: string, n: number, more: Readonly<Record<string, unknown>> = {}): object {
  return {
    type: 'assistant',
    sessionId: session,
    uuid: `${session}-${n}`,
    parentUuid: n === 0 ? null : `${session}-${n - 1}`,
    cwd: '/somewhere',
    version: '2.1.200',
    isSidechain: false,
    timestamp: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
    requestId: `req_${session}_${n}`,
    message: {
      id: `msg_${session}_${n}`,
      type: 'message',
      role: 'assistant',
      model: 'claude-example-1',
      content: [{ type: 'text', text: `Answer ${n}.` }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 2 },
    },
    ...more,
  }
}

/** Adds lines to a session's transcript; a text stands for itself. */
export function addLines(claude: string, session: string, lines: readonly (object | string)[]): string {
  const path = join(claude, 'projects', '-somewhere', `${session}.jsonl`)
  mkdirSync(dirname(path), { recursive: true })
  appendFileSync(path, lines.map(each => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join(''))
  return path
}

/** A history of so many rows in sessions of so many lines each. */
export function addHistory(claude: string, rows: number, linesEach = 1000): void {
  for (let session = 0; session * linesEach < rows; session++) {
    const name = `session-${session}`
    const length = Math.min(linesEach, rows - session * linesEach)
    addLines(
      claude,
      name,
      Array.from({ length }, (_, n) => line(name, n)),
    )
  }
}
