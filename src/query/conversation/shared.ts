import { resultRows } from '../format/rows.ts'
import { quoteText } from '../quote.ts'
import type { QuerySession } from '../session.ts'
import type { QueryLimits } from '../watch.ts'
import type { MessageTable } from './message-table.ts'
import type { SessionPlace } from './session-place.ts'

/** Another session that holds some of the same messages: one of the two was made from the other, or both from a third. */
export interface Shared {
  readonly session: string
  readonly messages: number
}

interface Other extends Shared {
  /** The last message that both hold, and when it was. */
  readonly last: string
  readonly at: string
}

/**
 * The sessions that share messages with this one, and the last message that is shared: what comes after it is this
 * session's own. Forks keep the ids of what they copied, and nothing else tells of some of them.
 */
export async function sharedWith(
  query: QuerySession,
  { table, session }: MessageTable,
  place: SessionPlace,
  limits: QueryLimits = {},
): Promise<{ readonly shared: readonly Shared[]; readonly lastShared: string | null }> {
  const here = quoteText(place.session)
  const result = await query.run(
    `SELECT other.session AS session, COUNT(*) AS messages,
  ARG_MAX(own.message_id, (own.message_created_at, own.message_index)) AS last, MAX(own.message_created_at) AS at
FROM (SELECT message_id, message_created_at, message_index FROM ${table} WHERE ${session} = ${here} AND part_index = 0) AS own
JOIN (SELECT DISTINCT ${session} AS session, message_id FROM ${table} WHERE ${session} <> ${here} AND part_index = 0) AS other
  ON other.message_id = own.message_id
GROUP BY other.session ORDER BY messages DESC, session`,
    limits,
  )
  const shared: Shared[] = []
  let latest: Other | undefined
  for await (const row of resultRows(result)) {
    const other = row as unknown as Other
    shared.push({ session: other.session, messages: other.messages })
    if (latest === undefined || other.at > latest.at) latest = other
  }
  return { shared, lastShared: latest?.last ?? null }
}
