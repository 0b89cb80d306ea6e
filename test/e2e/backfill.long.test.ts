import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { BackfillSummary } from '../../src/ingest/backfill/backfill-summary.ts'
import { type Machine, machine } from '../support/home.ts'
import { line } from '../support/transcripts.ts'

const megabyte = 1024 * 1024

/** Runs a backfill to its end, and looks at the most memory that the process ever had. */
async function watched(here: Machine): Promise<{ readonly sums: BackfillSummary; readonly peakMegabytes: number }> {
  const running = here.start('backfill', '--json')
  let peakMegabytes = 0
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${running.pid}/status`, 'utf8')
      peakMegabytes = Math.max(peakMegabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has ended.
    }
  }, 50)
  const { status, stdout, stderr } = await running.ended
  clearInterval(timer)
  expect(status, stderr).toBe(0)
  return { sums: JSON.parse(stdout) as BackfillSummary, peakMegabytes }
}

test('20 000 files are loaded, and the next run looks at all of them in seconds', async () => {
  const here = machine()
  for (let file = 0; file < 20_000; file++) {
    const path = join(here.claude, `projects/p${file % 100}/s${file}.jsonl`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${JSON.stringify(line(`s${file}`, 0))}\n`)
  }
  const { sums, peakMegabytes } = await watched(here)
  expect(sums).toMatchObject({ files: 20_000, unchanged: 0, lines: 20_000, rows: 20_000, unreadable: [] })
  expect(peakMegabytes).toBeLessThan(512)
  const start = performance.now()
  expect((await watched(here)).sums).toMatchObject({ files: 20_000, unchanged: 20_000, rows: 0, commits: 0 })
  // 2 s per 5 000 files; the machine may be busy with other things.
  expect(performance.now() - start).toBeLessThan(16_000)
}, 600_000)

test('a single file of 3 GB takes no more memory than a small one', async () => {
  const here = machine()
  const path = join(here.claude, 'projects/p/large.jsonl')
  mkdirSync(dirname(path), { recursive: true })
  const progress = `${JSON.stringify({ type: 'progress', sessionId: 'large', data: { output: 'x'.repeat(1000) } })}\n`
  const block = Buffer.from(progress.repeat(Math.floor((8 * megabyte) / progress.length)))
  const linesEach = block.length / progress.length
  const file = openSync(path, 'w')
  let blocks = 0
  for (let size = 0; size < 3000 * megabyte; blocks++) {
    const rows = Array.from({ length: 100 }, (_, n) => `${JSON.stringify(line('large', blocks * 100 + n))}\n`).join('')
    size += writeSync(file, block) + writeSync(file, rows)
  }
  // Rows that are large themselves fill batches in the middle of the file.
  const text = 'y'.repeat(megabyte)
  for (let n = 0; n < 100; n++) {
    const base = line('large', blocks * 100 + n) as { message: object }
    const large = { ...base, message: { ...base.message, content: [{ type: 'text', text: `${n} ${text}` }] } }
    writeSync(file, `${JSON.stringify(large)}\n`)
  }
  closeSync(file)
  const rows = blocks * 100 + 100
  const { sums, peakMegabytes } = await watched(here)
  expect(sums).toMatchObject({ files: 1, lines: blocks * linesEach + rows, rows, duplicates: 0 })
  expect(sums.skipped.progress).toBe(blocks * linesEach)
  expect(sums.commits).toBeGreaterThan(1)
  expect(peakMegabytes).toBeLessThan(512)
  expect(await here.query('SELECT count(*) AS n FROM ai_gateway_messages')).toEqual([{ n: rows }])
}, 600_000)
