import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { layHistory } from '../../src/cli/demo/history.ts'
import { machine } from '../support/home.ts'

const readme = readFileSync('README.md', 'utf8')

/** Queries and what the page says they print. */
const queries = Array.from(
  readme.matchAll(/```sh\n(hyp query "[^\n]+)\n```\n+```text\n([^]*?)```/g),
  ([, line, output]) => ({
    line: line as string,
    output: output as string,
  }),
)

test('README.md has three queries to paste, each with its output', () => {
  expect(queries).toHaveLength(3)
  expect(readme.match(/^hyp query /gm)).toHaveLength(3)
})

test('the queries of README.md, pasted into a shell, print what it says', async () => {
  const here = machine()
  const history = await layHistory(here.directory, 'dist/demo')
  await history.goOn()
  expect((await here.hyp('backfill')).status).toBe(0)
  for (const { line, output } of queries) {
    const { status, stdout, stderr } = await here.shell(line)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(output)
  }
})

test('the column that README.md adds is added', async () => {
  const declaration = /```json\n([^]*?)```/.exec(readme)?.[1] as string
  const here = machine()
  here.declare(declaration)
  await layHistory(here.directory, 'dist/demo')
  expect((await here.hyp('backfill')).status).toBe(0)
  const rows = await here.query(
    "SELECT count(stop_reason) AS n FROM ai_gateway_messages WHERE stop_reason = 'end_turn'",
  )
  expect(rows).not.toEqual([{ n: 0 }])
})
