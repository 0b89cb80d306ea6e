import { HypError } from '../../errors.ts'
import { formatOf } from '../../ingest/batch/format.ts'
import { sendJson } from './reply.ts'
import type { Exchange } from './route.ts'

/** A key is a header: printable, and not a document. */
const idempotencyKeys = /^[\x21-\x7e]{1,256}$/

/** 202 when every row that was taken is durable. */
export async function takeRows({
  daemon,
  params,
  query,
  headers,
  body,
  response,
}: Exchange<'table', Buffer>): Promise<void> {
  const format = formatOf(headers['content-type'])
  const idempotencyKey = keyOf(headers['idempotency-key'])
  const { answer, replayed } = await daemon.ingest(params.table, {
    body,
    isGiven: true,
    format,
    idempotencyKey,
    partial: isPartial(query.get('partial')),
  })
  if (replayed) response.setHeader('idempotency-replayed', 'true')
  sendJson(response, 202, answer)
}

function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && idempotencyKeys.test(header)) return header
  throw new HypError('USAGE', 'The header idempotency-key is not one key.', {
    hint: 'A key is 1 to 256 printable characters without spaces, such as a UUID.',
  })
}

function isPartial(value: string | null): boolean {
  if (value === null || value === '0' || value === 'false') return false
  if (value === '' || value === '1' || value === 'true') return true
  throw new HypError('USAGE', 'partial is 1 or 0.')
}
