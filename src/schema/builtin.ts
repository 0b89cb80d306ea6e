import { HypError } from '../errors.ts'
import type { BuiltinColumn } from './builtin/column.ts'
import { earlierForms } from './builtin/earlier-forms.ts'
import { messageColumns } from './builtin/message-columns.ts'
import { partColumns } from './builtin/part-columns.ts'
import { sessionColumns } from './builtin/session-columns.ts'
import { turnColumns } from './builtin/turn-columns.ts'
import type { Declaration } from './declaration.ts'

/** The one table that hyp itself declares. */
export const builtinTable = 'ai_gateway_messages'

/** Every release of the built-in declaration that this version can run as, oldest first. */
export const builtinReleases: readonly number[] = [4, 5, 6, 7, 8, 9]

export const newestRelease: number = Math.max(...builtinReleases)

/** All columns of the newest release, in the order of the table. */
export const builtinColumns: readonly BuiltinColumn[] = [
  ...sessionColumns,
  ...messageColumns,
  ...partColumns,
  ...turnColumns,
]

/**
 * The column whose value decides where a row lives. Before release 6 one
 * column meant Claude's session and Codex's thread at once; the session got a
 * column of its own then, and rows moved to it.
 */
const keyColumns: readonly { readonly since: number; readonly column: string }[] = [
  { since: 4, column: 'conversation_id' },
  { since: 6, column: 'session_id' },
]

/**
 * The built-in declaration as a release had it, exactly.
 * @throws HypError USAGE for a release that this version does not know
 */
export function builtinDeclaration(release: number): Declaration {
  if (!builtinReleases.includes(release)) {
    throw new HypError('USAGE', `There is no release ${release} of the built-in declaration.`, {
      hint: `This version knows ${builtinReleases.join(', ')}.`,
      details: { release, known: builtinReleases },
    })
  }
  const key = keyColumns.findLast(candidate => candidate.since <= release)?.column as string
  return {
    table: builtinTable,
    release,
    columns: builtinColumns.filter(column => column.since <= release).map(column => formIn(column, release)),
    identifier: [key, 'part_id'],
    // Not `identity`: see docs/decisions/0001-bucketed-partition-key.md.
    partitionBy: [{ column: key, transform: 'bucket[16]' }],
    sortBy: [key, 'message_created_at', 'part_index'],
  }
}

/** Every release in full, oldest first: what the seal covers. */
export function builtinHistory(): readonly Declaration[] {
  return builtinReleases.map(builtinDeclaration)
}

function formIn(column: BuiltinColumn, release: number): BuiltinColumn {
  const earlier = earlierForms.find(form => form.column === column.name && release <= form.until)
  if (earlier === undefined) return column
  const { type = column.type, required = column.required, doc = column.doc } = earlier
  return {
    name: column.name,
    type,
    ...(required === undefined ? {} : { required }),
    since: column.since,
    doc,
  }
}
