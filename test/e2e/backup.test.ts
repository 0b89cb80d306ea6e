import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DaemonStatus } from '../../src/daemon/status.ts'
import type { BackupReport } from '../../src/stores/backup/backup.ts'
import type { RestoreReport } from '../../src/stores/backup/restore.ts'
import type { RelocationReport } from '../../src/stores/table/relocate.ts'
import type { Verification } from '../../src/stores/table/verify.ts'
import { declareTable } from '../support/declaring.ts'
import { digests, type Machine, machine, type RunningDaemon } from '../support/home.ts'
import { postRows } from '../support/rows.ts'
import { addLines, line } from '../support/transcripts.ts'

/** `events`, whose rows are told apart by `id`, and `notes`, whose rows are not: one that came twice would be there twice. */
function machineWithTables(): Machine {
  const here = machine()
  declareTable(
    here,
    'events',
    [
      { name: 'id', type: 'long', required: true },
      { name: 'name', type: 'string' },
    ],
    { identifier: ['id'], partitionBy: [{ column: 'id', transform: 'bucket[4]' }] },
  )
  declareTable(here, 'notes', [{ name: 'text', type: 'string' }])
  return here
}

const idsOf = 'SELECT id FROM events ORDER BY id'
const notesOf = 'SELECT text FROM notes ORDER BY text'

async function queryIn(here: Machine, home: string, sql: string): Promise<unknown[]> {
  const { rows } = await here.json<{ rows: Record<string, unknown>[] }>(
    'query',
    '--home',
    home,
    '--format',
    'json',
    sql,
  )
  return rows.map(row => Object.values(row)[0])
}

const lines = (ids: readonly number[]): string => ids.map(id => JSON.stringify({ id, name: `n ${id}` })).join('\n')
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Sends rows one batch after the other, each under a key, to both tables; `acknowledged` counts them. */
function producer(
  daemon: RunningDaemon,
  number: number,
): { readonly acknowledged: () => number; stop(): Promise<void> } {
  const each = 10
  let acknowledged = 0
  const stop = new AbortController()
  const done = (async () => {
    for (let batch = 0; !stop.signal.aborted; batch++) {
      const ids = Array.from({ length: each }, (_, index) => number * 1_000_000 + batch * each + index)
      const key = `producer-${number}-${batch}`
      const event = await postRows(daemon, 'events', lines(ids), { key })
      const note = await postRows(
        daemon,
        'notes',
        ids.map(id => JSON.stringify({ text: String(id).padStart(8, '0') })).join('\n'),
        { key },
      )
      if (event.status !== 202 || note.status !== 202) throw new Error(`${event.text} ${note.text}`)
      acknowledged += each
    }
  })()
  return {
    acknowledged: () => acknowledged,
    stop: async () => {
      stop.abort()
      await done
    },
  }
}

test('a backup of a daemon under load holds everything that was acknowledged before it, and nothing twice', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon('--flush-age', '0.3')
  const producers = numbers(4).map(number => producer(daemon, number))
  const taken: { readonly directory: string; readonly before: readonly number[] }[] = []
  for (const number of numbers(3)) {
    const least = (number + 1) * 150
    while (producers.some(({ acknowledged }) => acknowledged() < least))
      await new Promise(resolve => setTimeout(resolve, 20))
    const before = producers.map(({ acknowledged }) => acknowledged())
    const directory = join(here.directory, `backups/${number}`)
    const report = await here.json<BackupReport>('backup', directory, '--json')
    expect(report).toMatchObject({ directory, left: [], partial: [] })
    taken.push({ directory, before })
  }
  for (const each of producers) await each.stop()
  const all = producers.map(({ acknowledged }) => acknowledged())
  expect((await daemon.stop()).status).toBe(0)
  expect(await queryIn(here, here.home, 'SELECT count(*) FROM events')).toEqual([all.reduce((a, b) => a + b, 0)])
  expect(daemon.events().filter(({ msg }) => msg === 'backed-up')).toHaveLength(3)
  for (const [number, { directory, before }] of taken.entries()) {
    const home = join(here.directory, `restored-${number}`)
    // As a home by itself, with what waits in its spool…
    const inPlace = await queryIn(here, directory, idsOf)
    await here.json('restore', directory, '--home', home, '--json')
    const again = await here.daemon('--home', home, '--flush-age', '0')
    expect((await again.stop()).status).toBe(0)
    // …and restored, with all of it in the tables.
    const spool = await here.json<{ tables: { rows: number }[] }>('spool', '--home', home, '--json')
    expect(spool.tables.map(({ rows }) => rows)).toEqual([0, 0, 0])
    for (const found of [
      inPlace as number[],
      (await queryIn(here, home, idsOf)) as number[],
      ((await queryIn(here, home, notesOf)) as string[]).map(Number),
    ]) {
      for (const [index, least] of before.entries()) {
        const own = found.filter(id => Math.floor(id / 1_000_000) === index).map(id => id % 1_000_000)
        expect(own.length).toBeGreaterThanOrEqual(least)
        expect(own).toEqual(numbers(own.length))
      }
    }
    expect((await here.hyp('table', 'verify', 'events', '--home', home)).status).toBe(0)
  }
})

test('a copy is a home by itself: commands work in it without what it was made of', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon('--flush-age', '0')
  await postRows(daemon, 'events', lines(numbers(50)))
  await daemon.stop()
  const copy = join(here.directory, 'copy')
  expect((await here.hyp('backup', copy)).status).toBe(0)
  const before = digests(here.home)
  expect(await queryIn(here, copy, idsOf)).toEqual(numbers(50))
  const second = await here.daemon('--home', copy, '--flush-age', '0')
  await postRows(second, 'events', lines([50, 51]))
  expect((await second.stop()).status).toBe(0)
  expect((await here.hyp('table', 'relocate', '--home', copy)).status).toBe(0)
  expect(digests(here.home)).toEqual(before)
  rmSync(here.home, { recursive: true })
  expect(await queryIn(here, copy, idsOf)).toEqual(numbers(52))
  const { status, stdout } = await here.hyp('table', 'verify', 'events', '--home', copy)
  expect(stdout).toContain('all as the manifests say')
  expect(status).toBe(0)
  expect((await here.hyp('status', '--home', copy)).status).toBe(0)
})

test('a home that was moved is told of, and its tables say where they lie when they were relocated', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon('--flush-age', '0')
  await postRows(daemon, 'events', lines(numbers(20)))
  await daemon.stop()
  const place = join(here.directory, 'elsewhere/hyp home')
  mkdirSync(join(place, '..'))
  renameSync(here.home, place)
  const moved = `file://${here.home}/tables/events`
  const events = async (): Promise<unknown> =>
    (await here.json<DaemonStatus>('status', '--json', '--home', place)).tables.find(({ name }) => name === 'events')
  expect(await events()).toMatchObject({ rows: 20, moved })
  expect((await here.hyp('status', '--home', place)).stdout).toContain('table relocate')
  const verified = await here.json<Verification>('table', 'verify', 'events', '--json', '--home', place)
  expect(verified).toMatchObject({ ok: true, moved, unhashed: 0, icebird: 'same' })
  const again = await here.daemon('--home', place)
  expect(again.events().filter(({ msg }) => msg === 'moved')).toMatchObject([
    { table: 'ai_gateway_messages' },
    { table: 'events', location: moved, directory: join(place, 'tables/events') },
    { table: 'notes' },
  ])
  const dry = await here.json<RelocationReport>('table', 'relocate', 'events', '--dry-run', '--json', '--home', place)
  expect(dry).toMatchObject({ dryRun: true, tables: [{ table: 'events', from: moved }] })
  expect(await events()).toMatchObject({ moved })
  await postRows(again, 'events', lines([20, 21]))
  const done = await here.json<RelocationReport>('table', 'relocate', '--json', '--home', place)
  expect(done.tables.map(({ table, to }) => [table, to])).toEqual(
    ['ai_gateway_messages', 'events', 'notes'].map(table => [table, `file://${place}/tables/${table}`]),
  )
  expect(await events()).toMatchObject({ moved: null })
  await postRows(again, 'events', lines([22]))
  expect((await again.stop()).status).toBe(0)
  expect(await queryIn(here, place, idsOf)).toEqual(numbers(23))
  expect(await here.json<Verification>('table', 'verify', 'events', '--json', '--home', place)).toMatchObject({
    ok: true,
    moved: null,
    icebird: 'same',
  })
  expect((await here.hyp('table', 'relocate', 'events', '--home', place)).stdout).toContain('lies where it says')
})

test('a restored home takes the same rows again, and what came after the backup, each once', async () => {
  const here = machineWithTables()
  addLines(here.claude, 'one', [line('one', 0), line('one', 1)])
  const first = await here.daemon('--flush-age', '0')
  await first.imported()
  await postRows(first, 'events', lines(numbers(10)), { key: 'a' })
  await postRows(first, 'notes', '{"text":"a"}', { key: 'a' })
  const backup = join(here.directory, 'backup')
  await here.json('backup', backup, '--json')
  addLines(here.claude, 'one', [line('one', 2)])
  await postRows(first, 'events', lines(numbers(20)), { key: 'b' })
  await postRows(first, 'notes', '{"text":"b"}', { key: 'b' })
  await first.stop()
  const refusedBy = await here.daemon()
  const refused = await here.hyp('restore', backup)
  expect(refused.status).toBe(75)
  expect(refused.stderr).toMatch(/Stop it with `hyp.* stop`/)
  await refusedBy.stop()
  const report = await here.json<RestoreReport>('restore', backup, '--json')
  expect(existsSync(join(report.before as string, 'tables/events'))).toBe(true)
  const daemon = await here.daemon('--flush-age', '0')
  await daemon.imported()
  // What the producer is not sure of, it sends again.
  for (const [key, count] of [
    ['a', 10],
    ['b', 20],
  ] as const) {
    await postRows(daemon, 'events', lines(numbers(count)), { key })
    await postRows(daemon, 'notes', JSON.stringify({ text: key }), { key })
  }
  await daemon.stop()
  expect(await queryIn(here, here.home, idsOf)).toEqual(numbers(20))
  expect(await queryIn(here, here.home, notesOf)).toEqual(['a', 'b'])
  expect(await queryIn(here, here.home, 'SELECT count(*) FROM ai_gateway_messages')).toEqual([3])
})

test('a spool that is behind its table gives no row twice, and what comes to it none is lost of', async () => {
  const here = machineWithTables()
  const first = await here.daemon('--flush-age', '3600')
  await postRows(first, 'notes', '{"text":"early"}')
  const early = join(here.directory, 'early')
  await here.json('backup', early, '--json')
  await postRows(first, 'notes', '{"text":"late"}')
  await first.stop()
  const late = join(here.directory, 'late')
  await here.json('backup', late, '--json')
  // The table of a later time beside the spool of an earlier one.
  renameSync(join(early, 'spool'), join(late, 'spool'))
  mkdirSync(join(late, 'run'), { mode: 0o700 })
  await here.json('restore', late, '--json')
  const daemon = await here.daemon('--flush-age', '0')
  await postRows(daemon, 'notes', '{"text":"new"}')
  await daemon.stop()
  expect(await queryIn(here, here.home, notesOf)).toEqual(['early', 'late', 'new'])
})

test('a restore that was decided and did not come to its end is ended by whoever works on the home next', async () => {
  const here = machineWithTables()
  const first = await here.daemon('--flush-age', '0')
  await postRows(first, 'events', lines(numbers(3)))
  await first.stop()
  const backup = join(here.directory, 'backup')
  await here.json('backup', backup, '--json')
  const second = await here.daemon('--flush-age', '0')
  await postRows(second, 'events', lines([3, 4]))
  await second.stop()
  rmSync(join(backup, 'backup.json'))
  renameSync(backup, join(here.home, 'restore-then.ready'))
  const daemon = await here.daemon()
  await daemon.stop()
  expect(await queryIn(here, here.home, idsOf)).toEqual(numbers(3))
  expect(existsSync(join(here.home, 'before-restore-then/tables/events'))).toBe(true)
  expect(existsSync(join(here.home, 'restore-then.ready'))).toBe(false)
})

test('what cannot be backed up or restored ends with a status and a sentence that say why', async () => {
  const here = machineWithTables()
  expect((await here.hyp('backup', join(here.directory, 'x'))).status).toBe(1)
  expect((await here.hyp('apply')).status).toBe(0)
  expect((await here.hyp('backup', here.directory)).status).toBe(64)
  const inside = await here.hyp('backup', join(here.home, 'copy'))
  expect(inside.status).toBe(64)
  expect(inside.stderr).toContain('cannot lie at')
  expect((await here.hyp('backup')).status).toBe(64)
  expect((await here.hyp('restore', join(here.directory, 'nothing'))).status).toBe(64)
  const copy = join(here.directory, 'copy')
  const made = await here.hyp('backup', copy)
  expect(made.status).toBe(0)
  expect(made.stdout).toContain('events: 0 rows')
  const restored = await here.hyp('restore', copy)
  expect(restored.status).toBe(0)
  expect(restored.stdout).toMatch(/before {3}.*before-restore-/)
  expect(readFileSync(join(here.home, 'schema/events.json'), 'utf8')).toContain('"events"')
})

test('what was deleted after a backup stays away too where the backup has it in its spool only', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon('--flush-age', '3600')
  await postRows(daemon, 'events', lines(numbers(6)))
  const backup = join(here.directory, 'backup')
  await here.json('backup', backup, '--json')
  expect((await here.hyp('table', 'delete', 'events', '--where', 'id < 2', '--purge')).status).toBe(0)
  await daemon.stop()
  const restored = await here.hyp('restore', backup)
  expect(restored.stdout).toMatch(
    /deleted {2}0 committed rows of events again, by 1 deletion since the backup was made/,
  )
  expect(restored.stdout).toContain(`restore ${backup} --with-deleted\` brings them back`)
  expect(await queryIn(here, here.home, idsOf)).toEqual([2, 3, 4, 5])
  const second = await here.daemon('--flush-age', '0')
  await second.stop()
  expect(await queryIn(here, here.home, idsOf)).toEqual([2, 3, 4, 5])
  expect((await here.hyp('restore', backup, '--with-deleted')).status).toBe(0)
  expect(await queryIn(here, here.home, idsOf)).toEqual(numbers(6))
})

test('a purge names the backups there are, and a restore deletes again what was deleted since, or brings it back', async () => {
  const here = machineWithTables()
  const daemon = await here.daemon('--flush-age', '0')
  await postRows(daemon, 'events', lines(numbers(6)))
  await daemon.until('the rows are in the table', () => daemon.events().some(({ msg }) => msg === 'flushed'))
  const backup = join(here.directory, 'backup')
  await here.json('backup', backup, '--json')
  const remove = (...more: readonly string[]) =>
    here.hyp('table', 'delete', 'events', '--where', 'id < 2', '--purge', ...more)
  const purged = await remove()
  expect(purged.stdout).toContain(`1 backup may hold them: ${backup}.`)
  expect(purged.stdout).toContain(`hyp --home ${backup} table delete events --where 'id < 2' --purge`)
  await daemon.stop()
  const restored = await here.hyp('restore', backup)
  expect(restored.stdout).toMatch(
    /deleted {2}2 committed rows of events again, by 1 deletion since the backup was made/,
  )
  expect(restored.stdout).toContain(`restore ${backup} --with-deleted\` brings them back`)
  expect(await queryIn(here, here.home, idsOf)).toEqual([2, 3, 4, 5])
  const second = await here.daemon('--flush-age', '0')
  await postRows(second, 'events', lines(numbers(7)))
  await second.stop()
  expect(await queryIn(here, here.home, idsOf)).toEqual([2, 3, 4, 5, 6])
  const back = await here.hyp('restore', backup, '--with-deleted')
  expect(back.stdout).toMatch(/deleted {2}rows of events are back, as asked/)
  expect(await queryIn(here, here.home, idsOf)).toEqual(numbers(6))
  // In the backup, which is a home by itself.
  expect((await remove('--home', backup)).status).toBe(0)
  expect(await queryIn(here, backup, idsOf)).toEqual([2, 3, 4, 5])
  expect((await here.hyp('restore', backup)).status).toBe(0)
  expect(await queryIn(here, here.home, idsOf)).toEqual([2, 3, 4, 5])
})
