import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { declareTable } from '../support/declaring.ts'
import { eventually, filesBelow, machine, type Outcome } from '../support/home.ts'
import { postRows } from '../support/rows.ts'

const canary = 'canary-7f3a91'

test('what rows hold stands in no log, no metric, no answer and no error', async () => {
  const here = machine()
  const columns = [
    { name: 'id', type: 'long', required: true },
    { name: 'text', type: 'string' },
    { name: 'at', type: 'timestamptz' },
  ]
  declareTable(here, 'events', columns, { identifier: ['id'], partitionBy: [{ column: 'id', transform: 'bucket[4]' }] })
  declareTable(here, 'lenient', columns, {
    contract: { unknownFields: 'discard_row', illTypedValues: 'discard_value' },
  })
  const daemon = await here.daemon('--flush-age', '0.2')
  const said: string[] = []
  const bodies: readonly (readonly [string, string?])[] = [
    [JSON.stringify({ id: 1, text: canary })],
    [JSON.stringify({ id: canary, text: canary })],
    [JSON.stringify({ id: 2, at: canary })],
    [JSON.stringify({ id: 3, other: canary })],
    [`{"id": 4, "text": "${canary}`],
    [canary],
    [`"${canary}"`],
    [`[{"id": 5, "text": "${canary}"},]`, 'application/json'],
    [`[{"id": 5, "text": "${canary}"}`, 'application/json'],
    [canary, 'application/json'],
    [`ARROW1\0\0${canary}`, 'application/vnd.apache.arrow.stream'],
    [canary, 'text/plain'],
  ]
  for (const table of ['events', 'lenient', 'undeclared'])
    for (const [body, type] of bodies) {
      const answer = await postRows(daemon, table, body, type === undefined ? {} : { type })
      said.push(answer.text, JSON.stringify(answer.headers))
    }
  const file = join(here.directory, 'rows.txt')
  const told = (outcome: Outcome): number => said.push(outcome.stdout, outcome.stderr)
  for (const [body] of bodies) {
    writeFileSync(file, body)
    told(await here.hyp('ingest', 'events', file, '--verbose'))
  }
  await eventually('rows were flushed', () => daemon.events().some(({ msg }) => msg === 'flushed'))
  // Damage where a reader has to make sense of what is left.
  await postRows(daemon, 'events', JSON.stringify({ id: 9, text: `${canary} in the spool` }))
  daemon.kill('SIGKILL')
  await daemon.ended
  said.push(daemon.stdout(), daemon.stderr())
  for (const path of filesBelow(join(here.home, 'spool'), 'files').filter(name => name.endsWith('.seg'))) {
    const bytes = readFileSync(path)
    const at = bytes.indexOf(canary)
    if (at > 0)
      writeFileSync(path, Buffer.concat([bytes.subarray(0, at - 4), Buffer.from('!!'), bytes.subarray(at - 2)]))
  }
  const again = await here.daemon('--flush-age', '0.2')
  for (const path of ['/metrics', '/readyz?verbose', '/v1/status', '/v1/tasks', '/healthz'])
    said.push((await again.ask('GET', path)).text)
  for (const command of ['status', 'spool', 'tasks', 'records', 'plan'])
    for (const words of [[command], [command, '--json']]) told(await here.hyp(...words))
  await again.stop()
  said.push(again.stdout(), again.stderr(), readFileSync(join(here.home, 'run/daemon.log'), { flag: 'a+' }).toString())
  expect(said.filter(text => text.includes(canary))).toEqual([])
  // It was really there.
  expect(await here.query(`SELECT count(*)::INT AS n FROM events WHERE text LIKE '${canary}%'`)).toEqual([{ n: 1 }])
})
