import type { BuiltinColumn } from '../builtin/column.ts'
import { earlierForms } from '../builtin/earlier-forms.ts'
import { messageColumns } from '../builtin/message-columns.ts'
import { partColumns } from '../builtin/part-columns.ts'
import { sessionColumns } from '../builtin/session-columns.ts'
import { turnColumns } from '../builtin/turn-columns.ts'
import { builtinColumns, builtinDeclaration, builtinReleases, builtinTable, newestRelease } from '../builtin.ts'
import { sortFieldOf } from '../sort.ts'

/** The text of `docs/columns.md`, made from the declaration so that the two cannot differ. */
export function renderColumnsDoc(): string {
  const { identifier, partitionBy, sortBy } = builtinDeclaration(newestRelease)
  const [partition] = partitionBy
  return `${[
    '<!-- Written by `npm run docs` from src/schema/builtin; changes made here are lost. -->',
    `# The columns of \`${builtinTable}\``,
    introduction,
    [
      `* **Row key**: ${code(identifier)}. No two rows share it, however often the same history is read.`,
      `* **Partitions**: \`${partition?.transform}\` of \`${partition?.column}\`, for the reasons in [decision 0001](decisions/0001-bucketed-partition-key.md). A query that names a session reads one bucket in sixteen.`,
      `* **Sort order** within a file: ${code(sortBy.map(entry => sortFieldOf(entry).column))}.`,
    ].join('\n'),
    '## Four things to know before a query',
    habits,
    '## Whose message it is',
    identity,
    ...section('The session and its surroundings', sessionColumns),
    ...section('The message', messageColumns),
    ...section('The part', partColumns),
    ...section('The turn and its tokens', turnColumns),
    '## What came when',
    releases(),
  ].join('\n\n')}\n`
}

const introduction = `One row is one **part of a message**: a piece of text, a stretch of reasoning, a call of a tool, the result of one. The parts of a message share \`message_id\` and count up \`part_index\`; the messages of a session share \`session_id\`. Every column below says what it means in one sentence, and the same sentence stands in the table's own schema, where any engine shows it.`

const habits = `1. **Never sum token counts over rows.** A client reports the usage of one API response on every record of that response, the early reports are incomplete, and a fork copies them once more. The view \`usage\` has each response once, with its final counts: \`SELECT model, sum(output_tokens) FROM usage GROUP BY model\`.
2. **A forked session keeps its own copy of the shared history.** To count distinct messages over all sessions, count \`DISTINCT message_id\`.
3. **A null can be a matter of age.** A column is null in rows that were captured before it was there; \`schema_version\` tells under which release a row was captured.
4. **JSON columns are text.** ${code(builtinColumns.filter(column => column.doc.startsWith('JSON')).map(column => column.name))} hold JSON that your engine's functions take apart, e.g. \`json_extract_string(status, '$.stop_reason')\` in DuckDB.`

const identity = `| column | Claude, main loop | Claude, subagent | Codex |
|---|---|---|---|
| \`session_id\` | the session | the session | the session of the rollout's metadata, else its thread |
| \`conversation_id\` | null | null | the thread |
| \`agent_id\` | null | the agent | null |
| \`parent_thread_id\` | null | null | the thread that spawned it, if any |

The messages of one thread of talk have \`coalesce(conversation_id, session_id)\` and \`agent_id\` in common. Requests that a client makes for itself, such as titles, suggestions and compactions, belong to the session they were made for and have \`is_sidechain\` set.`

function section(title: string, columns: readonly BuiltinColumn[]): readonly string[] {
  const rows = columns.map(({ name, type, required, since, doc }) =>
    ['', `\`${name}\``, type, required === true ? 'yes' : '', String(since), cell(doc), ''].join(' | ').trim(),
  )
  return [
    `## ${title}`,
    ['| column | type | required | since | meaning |', '|---|---|---|---|---|', ...rows].join('\n'),
  ]
}

function releases(): string {
  const lines = builtinReleases.map((release, index) => {
    const { identifier } = builtinDeclaration(release)
    const added = builtinColumns
      .filter(column => column.since === release)
      .map(({ name, required }) => `\`${name}\`${required === true ? ' (required)' : ''}`)
    const before = builtinReleases[index - 1]
    if (before === undefined) return `* **${release}**: the base, with the row key ${code(identifier)}.`
    const relaxed = earlierForms
      .filter(form => form.until === before && form.required === true)
      .map(form => form.column)
    const moved = builtinDeclaration(before).identifier.join() !== identifier.join()
    return (
      [
        `* **${release}**: adds ${added.join(', ')}`,
        ...(relaxed.length === 0 ? [] : [`${code(relaxed)} is no longer required`]),
        ...(moved ? [`the row key becomes ${code(identifier)}`] : []),
      ].join('; ') + '.'
    )
  })
  const older = earlierForms.flatMap(({ column, until, doc }) =>
    doc === undefined ? [] : `* \`${column}\` until release ${until}: ${doc}`,
  )
  return [
    'A number under "since" is a release of this list.',
    lines.join('\n'),
    'What columns meant before:',
    older.join('\n'),
  ].join('\n\n')
}

function code(names: readonly string[]): string {
  return names.map(name => `\`${name}\``).join(', ')
}

/** A bar ends a cell, also inside code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
