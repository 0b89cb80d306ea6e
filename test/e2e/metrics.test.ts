import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricEntries } from '../../src/daemon/metrics/catalogue.ts'
import { declareTable } from '../support/declaring.ts'
import { eventually, machine, write } from '../support/home.ts'
import { postRows } from '../support/rows.ts'

test('a daemon that took rows and looked after its tables gives every metric of the catalogue, with what it counted', async () => {
  const here = machine()
  const columns = [{ name: 'id', type: 'long', required: true }]
  const key = { identifier: ['id'], partitionBy: [{ column: 'id', transform: 'bucket[4]' }] }
  declareTable(here, 'events', columns, { ...key, contract: { unknownFields: 'discard_row' } })
  declareTable(here, 'broken', columns)
  expect((await here.hyp('apply')).status).toBe(0)
  rmSync(join(here.home, 'tables/broken/data'), { recursive: true })
  write(join(here.home, 'tables/broken/data'), 'no directory')
  const daemon = await here.daemon('--flush-age', '0.1')
  const rows = '{"id":1}\n{"id":1}\n{"id":2,"other":3}\n{"id":"x"}\n'
  expect((await postRows(daemon, 'events', rows, { partial: true })).status).toBe(202)
  expect((await postRows(daemon, 'broken', '{"id":1}')).status).toBe(202)
  const logged = (msg: string): boolean => daemon.events().some(line => line.msg === msg)
  await daemon.until('one flush worked and one failed', () => logged('flushed') && logged('flush-failed'))
  for (const table of ['events', 'broken'])
    expect((await daemon.ask('POST', `/v1/tables/${table}/expire`)).status).toBe(200)
  let text = ''
  await eventually('what was flushed is no longer counted as waiting', async () => {
    ;({ text } = await daemon.ask('GET', '/metrics'))
    return text.includes('hyp_spool_rows{table="events"} 0\n')
  })
  for (const line of [
    'hyp_ingest_rows_total{table="events",outcome="stored"} 2',
    'hyp_ingest_rows_total{table="events",outcome="refused"} 1',
    'hyp_ingest_rows_total{table="events",outcome="discarded"} 1',
    'hyp_flush_rows_total{table="events",outcome="stored"} 1',
    'hyp_flush_rows_total{table="events",outcome="duplicate"} 1',
    'hyp_flush_duration_seconds_count{table="events"} 1',
    'hyp_maintenance_duration_seconds_count{table="events"} 1',
    'hyp_table_snapshots{table="events"} 1',
    'hyp_spool_rows{table="broken"} 1',
    'hyp_spool_held_rows{table="broken"} 0',
  ])
    expect(text).toContain(`${line}\n`)
  // It is tried again by itself.
  expect(text).toMatch(/^hyp_maintenance_failures_total\{table="broken"\} [1-9]/m)
  for (const [name, { type, help }] of metricEntries) {
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
    expect(text).toMatch(new RegExp(`^${name}(?:_bucket|_sum|_count)?[{ ]`, 'm'))
  }
  await daemon.stop()
})
