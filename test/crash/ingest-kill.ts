import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { startProgram } from '../support/crash-process.ts'
import { declareTable } from '../support/declaring.ts'
import { eventually, machine } from '../support/home.ts'
import type { ProducerTask, ProducerWord } from '../support/ingest-producer.ts'

export interface KillStory {
  readonly producers: number
  readonly rowsEach: number
  readonly killEveryMs: number
  /** Milliseconds that a producer waits between two batches of 250 rows on average. */
  readonly pauseMs: number
  /** Whether the table can tell rows apart; if not, only keys of requests keep them single. */
  readonly keyed: boolean
}

/**
 * Producers send rows to a daemon that is killed again and again. In the end every row that was acknowledged is in the
 * table, each once.
 * @returns how often the daemon was killed, and how often a batch was sent again
 */
export async function killWhileIngesting(story: KillStory): Promise<{ kills: number; tries: number }> {
  const { producers, rowsEach, killEveryMs, pauseMs, keyed } = story
  const here = machine()
  const columns = [
    { name: 'name', type: 'string', required: true },
    { name: 'n', type: 'long', required: true },
    { name: 'text', type: 'string' },
  ]
  const key = { identifier: ['name', 'n'], partitionBy: [{ column: 'name', transform: 'bucket[4]' }] }
  declareTable(here, 'events', columns, keyed ? key : {})
  let daemon = await here.daemon('--flush-age', '0.5')
  const running = Array.from({ length: producers }, (_, index) =>
    startProgram<ProducerWord>('ingest-producer', {
      home: here.home,
      table: 'events',
      name: `p${index}`,
      rows: rowsEach,
      seed: index + 1,
      pauseMs,
    } satisfies ProducerTask),
  )
  const state = { done: false }
  const all = Promise.all(running.map(program => program.ended())).then(ends => {
    state.done = true
    return ends
  })
  let kills = 0
  while (!state.done) {
    await Promise.race([sleep(killEveryMs), all])
    if (state.done) break
    daemon.kill('SIGKILL')
    await daemon.ended
    kills++
    daemon = await here.daemon('--flush-age', '0.5')
  }
  expect(running.map(program => program.complaint())).toEqual(running.map(() => ''))
  expect(await all).toEqual(running.map(() => 0))
  for (const { words } of running) expect(words.at(-1)?.acknowledged).toBe(rowsEach)
  const rows = producers * rowsEach
  // At once, with the rest of them in the spool, and when the daemon has ended.
  expect(await counts()).toEqual({ n: rows, keys: rows })
  expect((await daemon.stop()).status).toBe(0)
  await eventually('the spool is empty', async () => (await shown()) === rows)
  expect(await counts()).toEqual({ n: rows, keys: rows })
  expect((await here.hyp('table', 'verify', 'events')).status).toBe(0)
  return { kills, tries: running.reduce((sum, { words }) => sum + (words.at(-1)?.tries ?? 0), 0) }

  async function counts(): Promise<unknown> {
    const [row] = await here.query('SELECT count(*)::INT AS n, count(DISTINCT (name, n))::INT AS keys FROM events')
    return row
  }

  async function shown(): Promise<number> {
    return (await here.json<{ rows: number }>('table', 'show', 'events', '--json')).rows
  }
}
