import { builtinTable } from '../../schema/builtin.ts'
import { columnsSql } from './columns.ts'
import type { ViewSource } from './view.ts'

/** What a message is, with a sentence each. Where the parts of a message differ, the kind that stands first counts. */
export const messageKinds = {
  side_call: 'of a request that the client made for itself: a title, a suggestion, a compaction',
  compact_boundary: 'the place where the client compacted the history',
  compact_summary: 'the summary that took the place of older messages',
  tool_result: 'what a tool came to',
  subagent_prompt: 'what an agent told a subagent to do',
  prompt: 'what a person wrote',
  queued_prompt: 'what a person wrote while the client was busy; it may come again as a prompt',
  command: 'a command of the client or the shell that a person typed, such as `/clear` or `!ls`',
  answer: 'text of the model',
  tool_call: 'a call of a tool',
  error: 'an error that took the place of an answer',
  reasoning: 'reasoning of the model',
  harness: 'text that the client put in under the name of the user: reminders, output of commands, context',
  attachment: 'what the client put beside a prompt: files, hooks, lists of tools',
  system: 'what the client or the developer of the agent noted',
  other: 'anything else',
} as const

export type MessageKind = keyof typeof messageKinds

/** Text that the client marks as its own is that, whatever it looks like; only a result of a tool counts before it. */
const markedHarness = `'05 harness'`

/** A kind behind its rank, so that the least of several is the one that counts. */
function ranked(kind: MessageKind): string {
  const place = Object.keys(messageKinds).indexOf(kind)
  return `'${String(place < 4 ? place + 1 : place + 2).padStart(2, '0')} ${kind}'`
}

type When = readonly [condition: string, kind: MessageKind | 'marked']

/**
 * First parts of messages with the kind that each gives its message, `kind` behind its rank, as two queries under
 * UNION ALL: what clients put in under the name of the user is marked in a large JSON text, which nothing else needs
 * read.
 */
export function firstPartsSql(source: ViewSource, columns: readonly string[], where: string): string {
  const names = columnsSql(source, columns)
  return `SELECT ${names},
      ${caseSql(userKinds(source, true), 'prompt')} AS kind
    FROM ${builtinTable}
    WHERE role = 'user' AND part_type <> 'tool_result' AND ${where}
    UNION ALL
    SELECT ${names},
      ${caseSql(otherKinds(source), 'other')} AS kind
    FROM ${builtinTable}
    WHERE (role <> 'user' OR part_type = 'tool_result') AND part_type <> 'usage' AND ${where}`
}

/**
 * Further parts of messages with their kind. What Claude marks, it marks on all parts, and so on the first. What Codex
 * puts in is told by how it begins: its mark would have the large JSON text read for a few rows.
 */
export function laterPartsSql(source: ViewSource, columns: readonly string[]): string {
  return `SELECT ${columnsSql(source, columns)},
      CASE WHEN role = 'user' AND part_type <> 'tool_result' THEN
      ${caseSql(userKinds(source, false), 'prompt')} ELSE
      ${caseSql(otherKinds(source), 'other')} END AS kind
    FROM ${builtinTable}
    WHERE part_index > 0 AND part_type <> 'usage'`
}

function caseSql(cases: readonly When[], otherwise: MessageKind): string {
  const lines = cases.map(
    ([condition, kind]) => `\n        WHEN ${condition} THEN ${kind === 'marked' ? markedHarness : ranked(kind)}`,
  )
  return `CASE${lines.join('')}\n        ELSE ${ranked(otherwise)} END`
}

/** Client's own requests are told by the agent's name, which came with release 5. */
function sideCall({ columns }: ViewSource): string {
  return columns.has('agent_id')
    ? `agent_id LIKE 'acompact-%' OR agent_id LIKE 'aprompt\\_suggestion-%' ESCAPE '\\'`
    : `attributes LIKE '%"aux_kind":"%'`
}

/** The text without what is blank around it; TRIM takes away no line ends. */
const trimmed = `TRIM(REPLACE(content_text, CHR(10), ' '))`

const begins = (...starts: readonly string[]): string => starts.map(start => `${trimmed} LIKE '${start}'`).join(' OR ')

const isWhole = (tag: string): string => `${trimmed} LIKE '<${tag}>%</${tag}>'`

/** JSON text of ours has no blanks; inside of a quoted text a quote would stand behind a backslash. */
function userKinds(source: ViewSource, isFirst: boolean): readonly When[] {
  return [
    [sideCall(source), 'side_call'],
    [
      `is_compact_summary OR ${begins('This session is being continued from a previous conversation%')}`,
      'compact_summary',
    ],
    [`attachment_type = 'queued_command' AND raw_frame LIKE '%"commandMode":"task-notification"%'`, 'harness'],
    [`attachment_type = 'queued_command'`, 'queued_prompt'],
    ['attachment_type IS NOT NULL', 'attachment'],
    [
      isFirst
        ? `client_name = 'codex' AND attributes LIKE '%"harness":"%'`
        : `client_name = 'codex' AND (${begins('<%', '# AGENTS.md instructions%')})`,
      'harness',
    ],
    // A message without content, of Claude and of Codex.
    [
      `part_type = 'other' AND COALESCE(provider_type, 'message') = 'message' AND provider_subtype IS NULL AND raw_frame IS NULL`,
      'other',
    ],
    ['is_sidechain', 'subagent_prompt'],
    ...(isFirst ? ([[`attributes LIKE '%"is_meta":true%'`, 'marked']] as const) : []),
    [`part_type <> 'text'`, 'prompt'],
    [begins('<command-%', '<bash-input>%'), 'command'],
    [
      `COALESCE(${trimmed}, '') = ''
        OR ${begins('[Request interrupted%', '<local-command-%', '<bash-std%', '<task-notification>%')}
        OR ${begins('<user-prompt-submit-hook>%', '<teammate-message%', 'Another Claude session sent a message:%')}
        OR ${[isWhole('system-reminder'), isWhole('ide_opened_file'), isWhole('ide_selection')].join(' OR ')}`,
      'harness',
    ],
  ]
}

function otherKinds(source: ViewSource): readonly When[] {
  return [
    [`provider_type IN ('ai-title', 'custom-title') OR ${sideCall(source)}`, 'side_call'],
    [`part_type = 'tool_result'`, 'tool_result'],
    [
      `provider_subtype = 'compact_boundary' OR provider_type IN ('compaction', 'compaction_summary', 'context_compaction')`,
      'compact_boundary',
    ],
    [`provider_type = 'attachment'`, 'attachment'],
    [`part_type = 'error'`, 'error'],
    [`part_type = 'tool_call'`, 'tool_call'],
    [`part_type = 'reasoning'`, 'reasoning'],
    [`role = 'assistant' AND part_type IN ('text', 'image', 'file')`, 'answer'],
    [`role = 'system' AND provider_type IN ('system', 'message', 'input_text', 'text')`, 'system'],
  ]
}
