import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow, type Machine, machine, write } from '../support/home.ts'
import { createTable, optional } from '../support/table.ts'

/*
 * What is printed as a command to run next does, when it is pasted, what was said.
 */

const orders = (...names: readonly string[]): string =>
  JSON.stringify({ table: 'orders', columns: names.map(name => ({ name, type: 'string' })) })

/** The commands of an output, as they stand there: behind `next`, `then` and between backticks. */
function commands(here: Machine, text: string): string[] {
  const typed = `hyp --home ${here.home} `
  const lines = text.split('\n').flatMap(line => line.split(/(?=hyp --home )/).slice(1))
  return lines.filter(line => line.startsWith(typed)).map(line => line.replace(/[`,;)].*$/, '').trim())
}

describe('the release that was named', () => {
  test.each([
    ['by a flag', ['--as-release', '7'], {}],
    ['by the environment', [], { HYP_AS_RELEASE: '7' }],
  ])('%s stands in the commands that are printed', async (_, words, env) => {
    const here = machine({ env })
    expect((await here.hyp('apply', '--as-release', '6')).status).toBe(0)
    const { stdout } = await here.hyp('plan', ...words)
    expect(commands(here, stdout)).toEqual([`hyp --home ${here.home} apply --as-release 7`])
    expect((await here.hyp('plan', '--format', 'markdown', ...words)).stdout).toContain('`hyp apply --as-release 7`')
    expect((await here.shell(commands(here, stdout)[0] as string)).status).toBe(0)
    expect((await here.json<{ release: number }>('table', 'show', '--json')).release).toBe(7)
  })

  test('is in the hint of a daemon that was started in the background, which can be pasted', async () => {
    const here = machine()
    expect((await here.hyp('apply', '--as-release', '5')).status).toBe(0)
    const { stderr } = await here.hyp('start', '--as-release', '6')
    expect((await here.hyp('stop')).status).toBe(0)
    const hint = stderr.split('\n').find(line => line.startsWith('hint: ') && line.includes('plan'))
    expect(hint).toContain(`\`hyp --home ${here.home} plan --as-release 6\``)
  })

  test('is left out where it does not exist', async () => {
    const here = machine()
    const { status, stderr } = await here.hyp('plan', '--as-release', '99')
    expect(status).toBe(64)
    expect(stderr).not.toMatch(/hyp .*--as-release 99/)
  })
})

describe('a file that is not the home’s', () => {
  test('has to go there first, and every other command names it again', async () => {
    const here = machine()
    write(join(here.directory, 'new.json'), orders('a'))
    const place = join(here.home, 'schema/orders.json')
    const absent = await here.hyp('plan', '--declare', 'new.json')
    expect(absent.stdout.replaceAll(/\s+/g, ' ')).toContain(
      `next put new.json into the home as ${place}, then hyp --home ${here.home} apply`,
    )
    write(place, orders('a'))
    expect((await here.hyp('apply')).status).toBe(0)
    write(join(here.directory, 'new.json'), orders('a').replace('"string"', '"int"'))
    const { stdout } = await here.hyp('plan', '--declare', 'new.json')
    const [first] = commands(here, stdout)
    expect(first).toBe(`hyp --home ${here.home} plan --declare new.json`)
    expect((await here.shell(`${first} --exit-code`)).status).toBe(3)
    expect((await here.hyp('plan', '--declare', place)).stdout).not.toContain('put ')
  })

  test('says with its mistakes the command that reads it again', async () => {
    const here = machine()
    write(join(here.directory, 'new.json'), '{}')
    const one = await here.hyp('plan', '--declare', 'new.json')
    expect(one).toMatchObject({ status: 78 })
    expect(one.stderr).toContain(`\`hyp --home ${here.home} plan --declare new.json\``)
    const two = await here.hyp('plan', '--against', 'new.json', '--declare', 'new.json')
    expect(two.stderr).toContain(`\`hyp --home ${here.home} plan --against new.json --declare new.json\``)
  })
})

describe('a path', () => {
  test('of a metadata file is adopted by the directory of its table', async () => {
    const here = machine()
    const directory = join(here.directory, 'lake/orders')
    await createTable({ columns: [optional('a', 'string')] }, directory)
    write(join(here.directory, 'new.json'), orders('a', 'b'))
    const [metadata = ''] = filesBelow(directory).filter(path => path.endsWith('.metadata.json'))
    const { stdout } = await here.hyp('plan', '--table', metadata, '--declare', 'new.json')
    expect(commands(here, stdout)).toEqual([`hyp --home ${here.home} adopt ${directory}`])
    expect((await here.shell(commands(here, stdout)[0] as string)).status).toBe(0)
  })

  test('that cannot be read or is no table is said to be that, and not the home', async () => {
    const here = machine()
    write(join(here.directory, 'new.json'), orders('a'))
    const closed = join(here.directory, 'closed')
    mkdirSync(join(closed, 'metadata'), { recursive: true })
    const plan = (path: string): ReturnType<Machine['hyp']> =>
      here.hyp('plan', '--table', path, '--declare', 'new.json')
    for (const [path, said] of [
      ['/dev/null', '/dev/null is neither a directory nor a file.'],
      ['/dev/null/x', 'There is no table at /dev/null/x.'],
      [closed, `There is no table at ${closed}.`],
      ['s3://lake/orders', 's3://lake/orders is not on this machine: object stores and the like are not read.'],
    ] as const)
      expect(await plan(path)).toMatchObject({ status: 1, stderr: expect.stringContaining(`error: ${said} [`) })
    // Who may read everything cannot be kept out.
    if (process.getuid?.() === 0) return
    chmodSync(join(closed, 'metadata'), 0o000)
    const outcome = await plan(closed)
    chmodSync(join(closed, 'metadata'), 0o700)
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining(`${closed} cannot be read: EACCES`) })
  })
})

test('one table that cannot be read keeps no plan of the others back', async () => {
  const here = machine()
  write(join(here.home, 'schema/orders.json'), orders('a'))
  expect((await here.hyp('apply')).status).toBe(0)
  const [metadata = ''] = filesBelow(join(here.home, 'tables/orders')).filter(path => path.endsWith('.metadata.json'))
  write(metadata, '{')
  const text = await here.hyp('plan')
  expect(text.status).toBe(1)
  expect(text.stdout).toContain('Nothing to do.')
  expect(text.stdout).toMatch(/^table {4}orders {3}cannot be read\n\nerror: .* \[METADATA_INVALID\]\nhint: .+$/m)
  const json = await here.hyp('plan', '--json')
  expect({ status: json.status, ...(JSON.parse(json.stdout) as object) }).toMatchObject({
    status: 1,
    verdict: 'current',
    plans: [{ table: 'ai_gateway_messages' }],
    failures: [{ table: 'orders', error: { code: 'METADATA_INVALID' } }],
  })
  expect((await here.hyp('plan', '--format', 'github')).stdout).toMatch(/^::error title=METADATA_INVALID::orders: /m)
  expect((await here.hyp('plan', '--format', 'markdown')).stdout).toMatch(/^## `orders`: unreadable$/m)
  expect((await here.hyp('plan', 'orders')).status).toBe(1)
  expect((await here.hyp('apply', 'ai_gateway_messages', '--as-release', '9')).status).toBe(0)
  expect((await here.hyp('plan', '--as-release', '5', '--exit-code')).status).toBe(4)
})

test('a flag that asks for JSON precedes an environment that asks for another form, and the other way round', async () => {
  const github = machine({ env: { HYP_PLAN_FORMAT: 'github' } })
  expect(JSON.parse((await github.hyp('plan', '--json')).stdout)).toMatchObject({ verdict: 'absent' })
  const json = machine({ env: { HYP_JSON: '1' } })
  expect((await json.hyp('plan', '--format', 'github')).stdout).toMatch(/^Verdict: absent$/m)
  expect((await json.hyp('plan', '--format', 'github', '--json')).status).toBe(64)
})

test('what a refused adoption says to run again names the table', async () => {
  const here = machine()
  const directory = join(here.directory, 'my orders')
  await createTable({ columns: [optional('a', 'int')] }, directory)
  const [metadata = ''] = filesBelow(directory).filter(path => path.endsWith('.metadata.json'))
  write(metadata, readFileSync(metadata, 'utf8').replace('"format-version":2', '"format-version":3'))
  const { status, stderr } = await here.hyp('adopt', directory, '--name', 'orders')
  expect({ status, stderr }).toMatchObject({ status: 3 })
  expect(stderr).toContain(`\`hyp --home ${here.home} adopt '${directory}' --name orders\``)
})

test('no line of a history or an adoption is wider than 100, and control characters are shown', async () => {
  const here = machine()
  const directory = join(here.directory, 'lake/orders')
  await createTable(
    { columns: [{ ...optional('a\u001b[31m\nerror: b', 'string'), doc: 'Red \u001b[31m.' }] },
    directory,
  )
  const adopted = await here.hyp('adopt', directory)
  const { stdout: history } = await here.hyp('history', 'orders')
  const shown = await here.hyp('table', 'show', 'orders')
  const plan = await here.hyp('plan', 'orders')
  for (const text of [adopted.stdout + adopted.stderr, history, shown.stdout + shown.stderr, plan.stdout]) {
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(text).not.toMatch(/^error: b/m)
  }
  for (const line of history.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
})

test('a table that is adopted already and only declared now is not said to be nothing', async () => {
  const here = machine()
  const directory = join(here.directory, 'lake/orders')
  await createTable({ columns: [optional('a', 'string')] }, directory)
  expect((await here.hyp('adopt', directory)).status).toBe(0)
  const other = machine()
  const { status, stdout } = await other.hyp('adopt', directory)
  expect(status).toBe(0)
  expect(stdout).not.toContain('Nothing to do')
})
