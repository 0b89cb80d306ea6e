import type { Answer, RunningDaemon } from './home.ts'

export interface PostOptions {
  readonly type?: string
  readonly key?: string
  readonly partial?: boolean
}

/** Sends rows to a daemon. */
export function postRows(
  daemon: RunningDaemon,
  table: string,
  body: string | Uint8Array,
  { type = 'application/x-ndjson', key, partial }: PostOptions = {},
): Promise<Answer> {
  return daemon.ask('POST', `/v1/tables/${table}/rows${partial === true ? '?partial=1' : ''}`, {
    body,
    headers: { 'content-type': type, ...(key === undefined ? {} : { 'idempotency-key': key }) },
  })
}

/** Rows of the built-in table as a program of another maker sends them, one JSON object a line. */
export function messageRows(release: number, session: string, from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => {
    const n = from + index
    const at = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()
    return JSON.stringify({
      [release < 6 ? 'conversation_id' : 'session_id']: session,
      part_id: `${session}-m${n}#0`,
      message_id: `${session}-m${n}`,
      message_index: n,
      part_index: 0,
      part_type: 'text',
      role: 'user',
      provider: 'anthropic',
      client_name: 'claude',
      content_text: `message ${n}`,
      message_created_at: at,
      conversation_started_at: new Date(Date.UTC(2026, 0, 1)).toISOString(),
      date: at.slice(0, 10),
    })
  }).join('\n')
}
