import { readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { DeletionReport, KeptRows } from '../../src/ingest/deletion/report.ts'
import { builtinTable } from '../../src/schema/builtin.ts'
import { filesWith } from '../support/canary.ts'
import { startProgram } from '../support/crash-process.ts'
import { seeded } from '../support/crash-table.ts'
import { declareTable } from '../support/declaring.ts'
import { eventually, filesBelow, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import type { ProducerTask, ProducerWord } from '../support/ingest-producer.ts'
import { catalogAt } from '../support/table.ts'
import { addLines, line } from '../support/transcripts.ts'

export interface UpkeepStory {
  /** Of each of four producers. */
  readonly rowsEach: number
  readonly killEveryMs: number
  /** Milliseconds that a producer waits between two batches of 250 rows on average. */
  readonly pauseMs: number
}

/** A session that is deleted in the middle of the story, and what is in everything that is said in it. */
const gone = 'session-0d5ea1'
const canary = `canary of ${gone}`

/** Told apart by a key, and not. */
const fed = ['events', 'notes'] as const
const tables = [...fed, builtinTable]

const columns = [
  { name: 'name', type: 'string', required: true },
  { name: 'n', type: 'long', required: true },
  { name: 'session_id', type: 'string' },
  { name: 'text', type: 'string' },
]

/** What became of a command: another may hold the lock, and the daemon that does it may be killed. */
const ends = new Set([0, 69, 75])

interface Taken {
  readonly directory: string
  /** Whether the session had been deleted from every table before it began. */
  readonly isAfter: boolean
}

/**
 * Four producers and an agent go on sending rows, many of them of one session, to a daemon that is killed again and
 * again, while tables are compacted, expired, verified and backed up by commands that are killed too, and the session is
 * deleted. In the end every other row is there once, in the home and in what was backed up, and the session nowhere.
 * @returns how often the daemon was killed
 */
export async function killWhileTidying(story: UpkeepStory): Promise<number> {
  const here = await prepared()
  const producers = [0, 1, 2, 3].map(index =>
    startProgram<ProducerWord>('ingest-producer', {
      home: here.home,
      table: fed[index % 2] as string,
      name: `p${index}`,
      rows: story.rowsEach,
      seed: index + 1,
      pauseMs: story.pauseMs,
      every4th: gone,
    } satisfies ProducerTask),
  )
  const state = { isOver: false, lines: 0, deleted: new Set<string>(), kills: 0 }
  const taken: Taken[] = []
  const random = seeded(producers.length)
  const all = Promise.all(producers.map(program => program.ended())).finally(() => {
    state.isOver = true
  })
  await Promise.all([all, ...[killing, speaking, tidying, deleting, backingUp].map(endingAll)])
  expect(producers.map(program => program.complaint())).toEqual(['', '', '', ''])
  expect(await all).toEqual([0, 0, 0, 0])

  const after = await started(here)
  await eventually('every line is read', async () => {
    const { rows, gone: back } = await countIn(here, builtinTable)
    return rows - back === state.lines
  })
  await expectAll()
  expect((await after.stop()).status).toBe(0)
  // The transcripts have the session still.
  expect(await here.json('backfill', '--json')).toMatchObject({ rows: 0 })
  const told = await expectNowhere(here)
  await expectAll()
  for (const table of tables)
    expect(await here.json('table', 'verify', table, '--json')).toMatchObject({ ok: true, icebird: 'same' })
  // The first is from before the deletion, the last from after it.
  for (const each of new Set([taken[0], taken.at(-1)])) if (each !== undefined) await expectCopy(each)
  return state.kills

  /** Where one fails, nobody goes on. */
  async function endingAll(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      state.isOver = true
      for (const program of producers) program.process.kill()
      throw error
    }
  }

  async function killing(): Promise<void> {
    while (!state.isOver) {
      const daemon = await started(here)
      await Promise.race([sleep(story.killEveryMs), all])
      daemon.kill('SIGKILL')
      await daemon.ended
      state.kills++
      // Now and then commands have to do without one.
      if (random() < 0.3) await sleep(1000)
    }
  }

  /** An agent writes on in both sessions. */
  async function speaking(): Promise<void> {
    for (; !state.isOver; state.lines++) {
      addLines(here.claude, 'kept', [line('kept', state.lines)])
      addLines(here.claude, gone, [line(gone, state.lines, { cwd: `/home/${canary}` })])
      await sleep(50)
    }
  }

  /** Runs a command, and kills it too now and then. @returns what it printed, where it was done */
  async function command<Document>(...words: readonly string[]): Promise<Document | undefined> {
    const running = here.start(...words, '--json')
    const killed = random() < 0.2
    if (killed) setTimeout(() => running.kill('SIGKILL'), 200 + random() * 1500).unref()
    const { status, signal, stdout, stderr } = await running.ended
    if (killed && signal === 'SIGKILL') return undefined
    if (!ends.has(status ?? -1))
      throw new Error(`hyp ${words.join(' ')} ended with ${status ?? signal}: ${stdout}${stderr}`)
    if (status !== 0) return undefined
    return JSON.parse(stdout) as Document
  }

  async function tidying(): Promise<void> {
    const what = ['compact', 'expire', 'verify'] as const
    // On a slow machine most of them meet a daemon that is killed: some are to be done all the same.
    let done = 0
    for (let n = 0; !state.isOver || done < what.length * tables.length; n++) {
      const report = await command('table', what[n % 3] as string, tables[Math.floor(n / 3) % 3] as string)
      done += report === undefined ? 0 : 1
    }
  }

  async function deleting(): Promise<void> {
    // When a third is there.
    await Promise.all(
      producers.map(({ words }) =>
        eventually(
          'rows are acknowledged',
          () => state.isOver || (words.at(-1)?.acknowledged ?? 0) > story.rowsEach / 3,
        ),
      ),
    )
    for (const table of tables) {
      while ((await command<DeletionReport>('table', 'delete', table, '--session', gone)) === undefined)
        await sleep(100)
      state.deleted.add(table)
    }
    // It stays away all the time, whatever comes.
    while (!state.isOver) {
      for (const table of tables) {
        const { rows, gone: back } = await countIn(here, table)
        // Nothing may have been read of the transcripts yet where each daemon was killed before it came to that.
        expect({ table, back, isEmpty: rows === 0 && table !== builtinTable }).toEqual({
          table,
          back: 0,
          isEmpty: false,
        })
      }
      await sleep(300)
    }
  }

  async function backingUp(): Promise<void> {
    while (!state.isOver || taken.length < 2) {
      const directory = join(here.directory, `backups/${taken.length}`)
      const isAfter = state.deleted.size === tables.length
      if ((await command('backup', directory)) !== undefined) taken.push({ directory, isAfter })
      await sleep(1000)
    }
  }

  /** Everything is there once, but for the session. */
  async function expectAll(): Promise<void> {
    const each = story.rowsEach - Math.ceil(story.rowsEach / 4)
    const found = await Promise.all(tables.map(table => countIn(here, table)))
    const counts = [2 * each, 2 * each, state.lines].map(rows => ({ rows, keys: rows, gone: 0 }))
    expect(found).toEqual(counts)
  }

  /** A copy is whole, and has of each producer all rows up to some, each once. */
  async function expectCopy({ directory, isAfter }: Taken): Promise<void> {
    const check = async (table: string): Promise<void> => {
      expect(await here.json('table', 'verify', table, '--home', directory, '--json')).toMatchObject({ ok: true })
      const isFed = table !== builtinTable
      const sql = `SELECT session_id, count(*)::INT AS n, count(DISTINCT ${keyOf(table)})::INT AS keys,
        max(${isFed ? 'n' : 0})::INT AS last FROM ${table} GROUP BY 1`
      for (const { session_id: session, n, keys, last } of await queryIn<Session>(here, directory, sql)) {
        expect([table, session, keys]).toEqual([table, session, n])
        if (session === gone) expect(isAfter).toBe(false)
        if (session === gone) expect(told).toContain(directory)
        else if (isFed) expect(n).toBe(last - Math.floor(last / 4))
      }
    }
    await Promise.all(tables.map(check))
  }
}

interface Session {
  readonly session_id: string
  readonly n: number
  readonly keys: number
  /** The number of the last row. */
  readonly last: number
}

/** A home whose tables keep next to nothing of what they were. */
async function prepared(): Promise<Machine> {
  const here = machine()
  const key = { identifier: ['name', 'n'], partitionBy: [{ column: 'name', transform: 'bucket[2]' }] }
  declareTable(here, 'events', columns, key)
  declareTable(here, 'notes', columns)
  for (const table of tables) {
    await here.json('apply', table, '--json')
    const catalog = catalogAt(join(here.home, 'tables', table))
    const updates = { 'history.expire.max-snapshot-age-ms': '0', 'history.expire.min-snapshots-to-keep': '2' }
    await catalog.commit(await catalog.load(), { requirements: [], updates: [{ action: 'set-properties', updates }] })
  }
  return here
}

/** A daemon, as soon as no command holds the lock. */
async function started(here: Machine): Promise<RunningDaemon> {
  for (;;) {
    try {
      return await here.daemon('--flush-age', '0.2')
    } catch (error) {
      if (!String(error).includes('LOCKED')) throw error
      await sleep(50)
    }
  }
}

interface Counts {
  readonly rows: number
  readonly keys: number
  /** Rows of the session that is deleted. */
  readonly gone: number
}

async function countIn(here: Machine, table: string): Promise<Counts> {
  const sql = `SELECT count(*)::INT AS rows, count(DISTINCT ${keyOf(table)})::INT AS keys,
    count(*) FILTER (session_id = '${gone}')::INT AS gone FROM ${table}`
  const [counts] = await queryIn<Counts>(here, here.home, sql)
  return counts as Counts
}

function keyOf(table: string): string {
  return table === builtinTable ? 'part_id' : '(name, n)'
}

async function queryIn<Row>(here: Machine, home: string, sql: string): Promise<Row[]> {
  return (await here.json<{ rows: Row[] }>('query', '--home', home, '--format', 'json', sql)).rows
}

/**
 * What was deleted is nowhere in the home after a purge, but in files that a kill left, which a sweep removes in their
 * time.
 * @returns what the purge says of places that it does not reach
 */
async function expectNowhere(here: Machine): Promise<string> {
  const places: KeptRows[] = []
  for (const table of tables) {
    const purge = ['table', 'delete', table, '--session', gone, '--purge', '--json']
    places.push(...(await here.json<DeletionReport>(...purge)).kept.filter(({ place }) => place !== 'files'))
  }
  // Backups and transcripts are not of the home.
  expect(places.filter(({ place }) => place !== 'backups' && place !== 'transcripts')).toEqual([])
  for (const path of filesBelow(join(here.home, 'tables'), 'files')) utimesSync(path, 0, 0)
  for (const table of tables) await here.json('table', 'expire', table, '--json')
  const files = filesBelow(here.home, 'files').map(path => [path, readFileSync(path)] as const)
  expect(await filesWith(canary, files)).toEqual([])
  return places.map(({ message }) => message).join('\n')
}
