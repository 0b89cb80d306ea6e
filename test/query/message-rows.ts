import type { WantedField } from '../../src/iceberg/ids.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { column } from './real-table.ts'

/** The built-in columns of a release; none is required here, so that a test says only what matters to it. */
export function columnsOf(release: number): WantedField[] {
  return builtinDeclaration(release).columns.map(({ name, type }) => column(name, type as string))
}

/** Microseconds of 2026-05-28T20:26:40Z. */
export const start = 1_780_000_000_000_000n

let made = 0

/** A part of a Claude message of the session s1, the first of it; each is a second later than the one before. */
export function part(values: Row): Row {
  made++
  const message = (values['message_id'] as string | undefined) ?? `m${made}`
  const index = (values['part_index'] as number | undefined) ?? 0
  return {
    session_id: 's1',
    client_name: 'claude',
    provider: 'anthropic',
    role: 'user',
    part_type: 'text',
    provider_type: 'text',
    message_id: message,
    part_id: `${message}#${index}`,
    part_index: index,
    message_index: made,
    message_created_at: start + BigInt(made) * 1_000_000n,
    date: '2026-05-28',
    cwd: '/code',
    is_sidechain: false,
    attributes: '{"client":{"name":"claude"}}',
    ...values,
  }
}

/** A part of a Codex item of the thread t1. */
export function item(values: Row): Row {
  return part({
    session_id: 't1',
    conversation_id: 't1',
    client_name: 'codex',
    provider: 'openai',
    provider_type: 'message',
    attributes: '{"codex":{}}',
    ...values,
  })
}

/** The row of a Codex report of tokens. */
export function report(values: Row, usage: object = {}, codex: object = {}): Row {
  return item({
    role: 'system',
    part_type: 'usage',
    provider_type: 'event_msg',
    provider_subtype: 'token_count',
    model: 'gpt-example',
    attributes: JSON.stringify({ codex, usage }),
    ...values,
  })
}

/** Rows as a release before 6 has them: one column for the session and the thread. */
export function asRelease(release: number, rows: readonly Row[]): Row[] {
  const names = new Set(columnsOf(release).map(({ name }) => name))
  return rows.map(row => {
    const earlier = release < 6 ? { ...row, conversation_id: row['conversation_id'] ?? row['session_id'] } : row
    return Object.fromEntries(Object.entries(earlier).filter(([name]) => names.has(name)))
  })
}
