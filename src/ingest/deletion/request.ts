import { HypError } from '../../errors.ts'
import type { Table } from '../../iceberg/catalog/catalog.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { specById } from '../../iceberg/metadata.ts'
import type { Field, TableMetadata } from '../../iceberg/types.ts'
import { builtinTable } from '../../schema/builtin.ts'
import { daysFromIso } from '../../schema/iso-time.ts'
import { hasDay, micros } from '../../sources/time.ts'
import type { Buried } from '../../stores/records/kinds/tombstone.ts'
import { sessionHash } from '../tombstones/row-matcher.ts'

/** Which rows somebody wants to be rid of. */
export type Unwanted =
  /** All of a session, by its id. */
  | { readonly kind: 'session'; readonly session: string }
  /** All before a day of UTC or an instant. */
  | { readonly kind: 'before'; readonly before: string }
  /** Those that a condition in SQL is true for. */
  | { readonly kind: 'where'; readonly where: string }

export interface DeletionRequest {
  readonly unwanted: Unwanted
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean
  /** Also from all that is kept besides the table as it is now. */
  readonly purge: boolean
  /** Refuse where no row would be left; of what is older than a time only. */
  readonly leaveSome?: boolean
}

/** Where the session of a row of the built-in table is: releases before 6 had it in the second. */
const sessionColumns = ['session_id', 'conversation_id']

/**
 * The tombstone of all rows of a session.
 * @throws HypError USAGE for a table whose rows are of no session
 */
export function sessionGrave(name: string, { metadata }: Pick<Table, 'metadata'>, session: string): Buried {
  const columns = name === builtinTable ? sessionColumns : sessionColumns.slice(0, 1)
  const ids = new Map(currentSchema(metadata).fields.map(field => [field.name, field.id]))
  if (!columns.some(column => ids.has(column)))
    throw new HypError('USAGE', `The table ${name} has no column ${columns[0]}: its rows are of no session.`, {
      hint: `Say which rows by a condition: \`hyp table delete ${name} --where "…"\`. \`hyp table show ${name}\` lists the columns.`,
    })
  const columnIds = columns.map(column => ids.get(column) ?? null)
  return { kind: 'session', columns, columnIds, hash: sessionHash(metadata['table-uuid'], session) }
}

type BuriedBefore = Extract<Buried, { kind: 'before' }>

/**
 * The tombstone of all rows before a time.
 * @throws HypError USAGE for a text that is no time, and for a table whose rows have none, or several
 */
export function beforeGrave(name: string, { metadata }: Pick<Table, 'metadata'>, before: string): BuriedBefore {
  const { name: column, id } = timeColumn(name, metadata)
  return { kind: 'before', column, columnId: id, instant: instantOf(before) }
}

/** A day or an instant as an instant, RFC 3339 in UTC. @throws HypError USAGE */
export function instantOf(text: string): string {
  const days = daysFromIso(text)
  const at = days === undefined ? micros(text) : BigInt(days) * 86_400_000_000n
  if (at === null || !hasDay(at / 1000n))
    throw new HypError('USAGE', `before ${JSON.stringify(text)} is neither a day nor an instant.`, {
      hint: 'Write it as 2026-01-31 or 2026-01-31T09:00:00Z; a day is one of UTC, and it is kept.',
    })
  const rest = ((at % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((at - rest) / 1000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(rest).padStart(6, '0')}Z`
}

/**
 * A time that is still to come would keep out, for as long, what is captured from now on.
 * @param nowMs milliseconds since 1970
 * @throws HypError USAGE
 */
export function checkPast(before: string, nowMs: number): void {
  if ((micros(instantOf(before)) ?? 0n) <= BigInt(nowMs) * 1000n) return
  throw new HypError(
    'USAGE',
    `before ${JSON.stringify(before)} is still to come: what is captured until then would be left out.`,
    {
      hint: `All until now is \`--before ${new Date(nowMs).toISOString().slice(0, 19)}Z\`; a day is one of UTC. Of a clock that was ahead, \`--where\` tells the rows.`,
    },
  )
}

const timeTypes: readonly unknown[] = ['timestamptz', 'timestamp', 'date']

/** Which column says of what time a row is. */
function timeColumn(name: string, metadata: TableMetadata): Field {
  const { fields } = currentSchema(metadata)
  const candidates = fields.filter(({ type }) => timeTypes.includes(type))
  const messageTime = candidates.find(field => name === builtinTable && field.name === 'message_created_at')
  if (messageTime !== undefined) return messageTime
  const [only, ...others] = partitionTimes(metadata, candidates) ?? candidates
  if (only !== undefined && others.length === 0) return only
  const reason =
    only === undefined
      ? 'has no column of a time'
      : `has several columns of a time, and is not partitioned by one of them: ${[only, ...others].map(each => each.name).join(', ')}`
  throw new HypError('USAGE', `The table ${name} ${reason}.`, {
    hint: `Say which rows by a condition: \`hyp table delete ${name} --where "… < '2026-01-31'"\`.`,
  })
}

/** The time that a table is partitioned by is the one that its rows are of. */
function partitionTimes(metadata: TableMetadata, candidates: readonly Field[]): readonly Field[] | undefined {
  const spec = specById(metadata, metadata['default-spec-id'])
  const sources = new Set(spec.fields.map(field => field['source-id']))
  const times = candidates.filter(({ id }) => sources.has(id))
  return times.length === 1 ? times : undefined
}
