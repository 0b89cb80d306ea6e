import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { countRejects } from '../../../src/ingest/batch/rejects.ts'
import { openTableIntake } from '../../../src/ingest/table-intake.ts'
import { sessionHash } from '../../../src/ingest/tombstones/row-matcher.ts'
import type { Declaration } from '../../../src/schema/declaration.ts'
import { homeAt } from '../../../src/stores/home.ts'
import { temporaryFolder } from '../../support/table.ts'

const declaration: Declaration = {
  table: 'orders',
  release: 1,
  columns: [
    { name: 'session_id', type: 'string' },
    { name: 'id', type: 'int' },
  ],
  identifier: [],
  partitionBy: [],
  sortBy: [],
  contract: { unknownFields: 'discard_row', illTypedValues: 'discard_row' },
}

test('rows that are rejected while others are purged wait for that, and none is lost', async () => {
  const home = homeAt(await temporaryFolder())
  const flusher = { flush: () => Promise.reject(new Error('nothing is flushed')), close: async () => undefined }
  const intake = await openTableIntake({ home, declaration, flusher })
  onTestFinished(() => intake.close())
  const reject = async (session: string): Promise<void> => {
    const body = Buffer.from(`${JSON.stringify({ session_id: session, id: 'none' })}\n`)
    await intake.accept({ body, format: 'ndjson', partial: false }, { declaration, held: false })
  }
  const graves = [
    { tableUuid: 'u', what: { kind: 'session', columns: ['session_id'], hash: sessionHash('u', 'gone') } as const },
  ]
  await Promise.all([reject('gone'), reject('kept')])
  const beside = Array.from({ length: 20 }, (_, n) => reject(n % 2 === 0 ? 'gone' : 'kept'))
  const purged = await Promise.all([...Array.from({ length: 3 }, () => intake.purgeRejects(graves, false)), ...beside])
  const counts = purged.slice(0, 3) as { rows: number }[]
  const last = await intake.purgeRejects(graves, false)
  expect([...counts, last].reduce((sum, { rows }) => sum + rows, 0)).toBe(11)
  expect((await countRejects(localFileIO, join(home.spool, 'orders', 'rejects'))).rows).toBe(11)
  await reject('kept')
  expect((await countRejects(localFileIO, join(home.spool, 'orders', 'rejects'))).rows).toBe(12)
})
