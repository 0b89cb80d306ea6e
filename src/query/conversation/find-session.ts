import { HypError } from '../../errors.ts'
import { resultRows } from '../format/rows.ts'
import { quoteText } from '../quote.ts'
import type { QuerySession } from '../session.ts'
import type { QueryLimits } from '../watch.ts'
import type { MessageTable } from './message-table.ts'
import type { SessionPlace } from './session-place.ts'

/** Of those that a beginning fits so many are named. */
const mostCandidates = 10

interface Candidate {
  readonly session: string
  readonly thread: string | null
  readonly ended: string
}

/**
 * The session with an id, or the only one whose id, or that of a thread of it, begins with a text.
 * @throws HypError USAGE where none or several fit, with the candidates in its details
 */
export async function findSession(
  query: QuerySession,
  { table, session, thread }: MessageTable,
  given: string,
  limits: QueryLimits = {},
): Promise<SessionPlace> {
  if (given.trim() === '' || given.includes('\0'))
    throw new HypError('USAGE', `${JSON.stringify(given)} is no id of a session.`, { hint })
  const begins = quoteText(given)
  const result = await query.run(
    `SELECT ${session} AS session, ${thread ?? 'CAST(NULL AS VARCHAR)'} AS thread, MAX(message_created_at) AS ended
    FROM ${table} WHERE STARTS_WITH(${session}, ${begins})${thread === undefined ? '' : ` OR STARTS_WITH(${thread}, ${begins})`}
    GROUP BY ALL ORDER BY ended DESC`,
    limits,
  )
  const found: Candidate[] = []
  for await (const row of resultRows(result)) found.push(row as unknown as Candidate)

  if (found.some(one => one.session === given)) return { session: given, threads: null }
  const exact = found.find(one => one.thread === given)
  if (exact !== undefined) return ofThread(exact.session, given)
  const sessions = new Set(found.flatMap(one => (one.session.startsWith(given) ? [one.session] : [])))
  const fitting = found.filter(one => one.thread?.startsWith(given) === true && !sessions.has(one.thread))
  const [first] = sessions.size > 0 ? [...sessions] : fitting.map(one => one.thread)
  if (typeof first !== 'string')
    throw new HypError('USAGE', `No session has an id that begins with ${JSON.stringify(given)}.`, {
      hint,
      details: { session: given, candidates: [] },
    })
  const names = [...new Set([...sessions, ...fitting.map(one => one.thread as string)])]
  if (names.length > 1) {
    const shown = names.slice(0, mostCandidates)
    const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : ''
    throw new HypError(
      'USAGE',
      `${names.length} sessions have ids that begin with ${JSON.stringify(given)}: ${shown.join(', ')}${more}.`,
      {
        hint: 'Write more of the id.',
        details: { session: given, candidates: shown },
      },
    )
  }
  if (sessions.size > 0) return { session: first, threads: null }
  return ofThread((fitting[0] as Candidate).session, first)

  /** A thread with all those that it began. */
  async function ofThread(of: string, root: string): Promise<SessionPlace> {
    const edges = await query.run(
      `SELECT DISTINCT ${thread} AS child, parent_thread_id AS parent FROM ${table}
      WHERE ${session} = ${quoteText(of)} AND parent_thread_id IS NOT NULL`,
      limits,
    )
    const children = new Map<string, string[]>()
    for await (const edge of resultRows(edges)) {
      const { child, parent } = edge as { readonly child: string; readonly parent: string }
      children.set(parent, [...(children.get(parent) ?? []), child])
    }
    const threads = new Set([root])
    for (const one of threads) for (const child of children.get(one) ?? []) threads.add(child)
    return { session: of, threads: [...threads] }
  }
}

const hint =
  'List them: `hyp query "SELECT session_id, started_at, title FROM sessions ORDER BY started_at DESC LIMIT 20"`.'
