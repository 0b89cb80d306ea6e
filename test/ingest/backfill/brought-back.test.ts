import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Catalog } from '../../../src/iceberg/catalog/catalog.ts'
import type { Long } from '../../../src/iceberg/types.ts'
import { transcript, tree, user } from '../../sources/claude/transcript.ts'
import { readRows } from '../../support/table.ts'
import { newLoading } from './loading.ts'

/** A session of so many prompts, one row each. */
function session(name: string, prompts: number): string {
  return transcript(...Array.from({ length: prompts }, (_, index) => user(`question ${index}`, { sessionId: name })))
}

const a = 'projects/p/a.jsonl'
const b = 'projects/p/b.jsonl'

test.each([
  ['while rows are stored', 0],
  ['right after rows were stored', 1],
])('everything is read again into a table that was brought back %s', async (_when, commits) => {
  const claude = await tree({ [a]: session('a', 2) })
  const loading = await newLoading()
  await loading.backfill(await tree({ 'projects/p/first.jsonl': session('first', 2) }), { rereads: true })
  const early = (await loading.load()).metadata['current-snapshot-id'] as Long
  await loading.backfill(claude)
  await writeFile(join(claude, b), session('b', 3))
  let committed = 0
  const bringBack = async (): Promise<void> => {
    const main = { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': early } as const
    await loading.catalog.commit(await loading.load(), { requirements: [], updates: [main] })
  }
  const through: Catalog = {
    ...loading.catalog,
    commit: async (base, change) => {
      if (committed++ === 0 && commits === 0) await bringBack()
      const done = await loading.catalog.commit(base, change)
      if (committed === commits) await bringBack()
      return done
    },
  }
  expect(await loading.backfill(claude, { through })).toMatchObject({ unchanged: 1, rows: 3 })
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 0, captured: 5 })
  expect(await readRows(await loading.load())).toHaveLength(7)
  expect(await loading.backfill(claude)).toMatchObject({ unchanged: 2, captured: 0, rows: 0 })
})
