import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderDeclarationSchema } from '../../scripts/docs/declaration-schema.ts'
import { checkBatch } from '../../src/ingest/batch/batch.ts'
import { rowChecker } from '../../src/ingest/batch/contract.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { formatMistakes, readDeclarationFile } from '../../src/schema/declaration-file.ts'
import { type Machine, machine, type Outcome, write } from '../support/home.ts'

const page = readFileSync('docs/declaring.md', 'utf8')

/** The one block of a language that holds a text. */
function block(language: string, holding: string): string {
  const blocks = Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm')), ([, body]) => body)
  const [found, ...others] = blocks.filter(body => body?.includes(holding) === true)
  if (found === undefined || others.length > 0) throw new Error(`there is not one block with ${holding}`)
  return found
}

const ownColumns = block('json', '"stop_reason"')
const orders = block('json', '"table": "orders"')
const visits = block('json', '"table": "visits"')
const script = block('sh', 'check-declarations.sh COMMIT')
const hook = block('bash', 'exec sh check-declarations.sh')
const preCommit = block('yaml', 'repos:')
const workflow = block('yaml', 'pull_request')

test('the declarations of the page are read as it says, and its renames too', () => {
  const base = builtinDeclaration(9)
  const read = (text: string, table: string): readonly string[] => {
    const result = readDeclarationFile({ text, path: `${table}.json`, base, table })
    return 'mistakes' in result ? formatMistakes(result.mistakes) : []
  }
  expect(read(ownColumns, 'ai_gateway_messages')).toEqual([])
  expect(read(orders, 'orders')).toEqual([])
  // The column that was renamed twice is the one of the table above.
  expect(orders).toContain(
    block('json', '{ "name": "total", "type": "decimal(12,2)", "renamedFrom": ["sum", "amount"] }\n').trim(),
  )
})

test('a table is named as the page says: a letter or `_`, then letters, digits, `_` and `-`', () => {
  const mistakes = (table: string): readonly string[] => {
    const text = orders.replace('"orders"', JSON.stringify(table))
    const result = readDeclarationFile({ text, path: 'a.json', base: builtinDeclaration(9), table })
    return 'mistakes' in result ? formatMistakes(result.mistakes) : []
  }
  for (const name of ['orders', 'Ä-1_b', '_a'])
    expect({ name, mistakes: mistakes(name) }).toEqual({ name, mistakes: [] })
  for (const name of ['__proto__', '1a', '-a'])
    expect(mistakes(name)[0]).toContain(`"${name}" cannot be the name of a table.`)
})

test('what becomes of the rows of the page is what the page says', async () => {
  const read = readDeclarationFile({ text: visits, path: 'visits.json', base: builtinDeclaration(9), table: 'visits' })
  if ('mistakes' in read) throw new Error(formatMistakes(read.mistakes).join('\n'))
  const rows = Array.from(page.matchAll(/^\| `(\{.+\})` \| (.+) \|$/gm), ([, row = '', said = '']) => ({ row, said }))
  expect(rows.length).toBeGreaterThan(4)
  const checker = rowChecker(read.declaration)
  for (const { row, said } of rows) {
    const { kept, discardedRows, rejects, errors } = await checkBatch(Buffer.from(row), 'ndjson', checker)
    const names = [...rejects, ...errors].map(({ column }) => `\`${column}\``).sort()
    const outcome = kept === 1 ? 'kept without' : discardedRows === 1 ? 'discarded for' : 'refused for'
    expect({ row, said }).toEqual({ row, said: names.length === 0 ? 'kept' : `${outcome} ${names.join(', ')}` })
  }
})

/** A repository with the declarations of the page and the script, committed; `origin/main` is there. */
async function repository(here: Machine): Promise<(line: string) => Promise<Outcome>> {
  const at = (name: string): string => join(here.directory, 'repository', name)
  write(at('schema/orders.json'), orders)
  write(at('schema/ai_gateway_messages.json'), ownColumns)
  write(at('check-declarations.sh'), script)
  const run = (line: string): Promise<Outcome> => here.shell(`cd repository && ${line}`)
  const made = await run(
    'git init -q -b main && git config user.email a@example.org && git config user.name A && git add -A && git commit -q -m base && git update-ref refs/remotes/origin/main HEAD',
  )
  expect(made).toMatchObject({ status: 0 })
  return run
}

const more = '{ "name": "note", "type": "string" },'
const good = orders.replace('"columns": [', `"columns": [\n    ${more}`)
const bad = orders.replace('"type": "long"', '"type": "int"')
const invalid = orders.replace('"type": "long"', '"type": "text"')

/** Puts a declaration in place of the one that was committed. */
function change(here: Machine, text: string): void {
  expect(text).not.toBe(orders)
  write(join(here.directory, 'repository/schema/orders.json'), text)
}

describe('the script of the page', () => {
  test.each([
    ['a change in place', good, 0, /^Plan: \d in place, 0 breaking\.$/m],
    ['a breaking change', bad, 1, /^Plan: 0 in place, 1 breaking\. Refused: nothing was written\.$/m],
    ['a mistake', invalid, 1, /^error: .* has 1 mistake; /m],
  ])('says of %s what it is, and ends so', async (_, text, status, said) => {
    const here = machine()
    const run = await repository(here)
    change(here, text)
    const outcome = await run('sh check-declarations.sh HEAD schema/orders.json schema/ai_gateway_messages.json')
    expect(outcome.stdout + outcome.stderr).toMatch(said)
    expect(outcome.status).toBe(status)
    expect(existsSync(here.home)).toBe(false)
  })

  test('lets a commit through that mends a declaration with mistakes, and no other mistakes', async () => {
    const here = machine()
    const run = await repository(here)
    change(here, invalid)
    expect(await run('git commit -q -a -m broken')).toMatchObject({ status: 0 })
    change(here, good)
    expect(await run('sh check-declarations.sh HEAD schema/orders.json')).toMatchObject({ status: 0, stderr: '' })
    change(here, orders.replace('"type": "long"', '"type": "txt"'))
    const outcome = await run('sh check-declarations.sh HEAD schema/orders.json')
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining('"txt"') })
  })

  test('prints commands that can be run again afterwards', async () => {
    const here = machine()
    const run = await repository(here)
    change(here, bad)
    const { stdout } = await run('sh check-declarations.sh HEAD schema/orders.json')
    const [, command] =
      /^next mend the declaration, then (hyp .+)$/m.exec(stdout.replaceAll(/,? then\n +/g, ', then ')) ?? []
    expect(command).toContain('--against .git/declared-before/schema/orders.json --declare schema/orders.json')
    expect((await run(`${command} --exit-code`)).status).toBe(3)
  })

  test('takes a declaration that is new for what it is, unless it has mistakes', async () => {
    const here = machine()
    const run = await repository(here)
    const file = join(here.directory, 'repository/schema/items.json')
    write(file, orders.replace('"orders"', '"items"'))
    expect(await run('sh check-declarations.sh HEAD schema/items.json')).toMatchObject({ status: 0 })
    write(file, '{ "table": "items" }')
    expect(await run('sh check-declarations.sh HEAD schema/items.json')).toMatchObject({ status: 1 })
    expect(await run('sh check-declarations.sh HEAD')).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })
})

describe('the hook for pre-commit', () => {
  const [, entry = ''] = /^ +entry: (.+)$/m.exec(preCommit) ?? []
  const [, files = ''] = /^ +files: (.+)$/m.exec(preCommit) ?? []

  test('is run for declarations, and for nothing else', () => {
    const pattern = new RegExp(files)
    expect(
      ['schema/orders.json', 'schema/a/b.json', 'other/schema/x.json', 'schema/x.jsonc'].filter(name =>
        pattern.test(name),
      ),
    ).toEqual(['schema/orders.json'])
  })

  test.each([
    ['lets a good change through', good, 0],
    ['stops a bad one', bad, 1],
  ])('%s', async (_, text, status) => {
    const here = machine()
    const run = await repository(here)
    change(here, text)
    expect((await run(`${entry} schema/orders.json`)).status).toBe(status)
  })
})

test('the plain hook lets a good change be committed, and stops a bad one', async () => {
  const here = machine()
  const run = await repository(here)
  const path = join(here.directory, 'repository/.git/hooks/pre-commit')
  write(path, hook)
  chmodSync(path, 0o755)
  change(here, good)
  expect(await run('git commit -q -a -m good')).toMatchObject({ status: 0 })
  change(here, bad)
  const stopped = await run('git commit -q -a -m bad')
  expect(stopped.status).not.toBe(0)
  expect(stopped.stdout + stopped.stderr).toContain('BR202')
  expect((await run('git log --format=%s')).stdout).toBe('good\nbase\n')
})

describe('the workflow', () => {
  const [, body = ''] = /^ +- run: \|\n([^]*)$/m.exec(workflow) ?? []
  const steps = body
    .split('\n')
    .map(line => line.trim())
    .join('\n')

  test.each([
    ['lets a good change through', good, 0, 'notice', 'AD101', 'pending'],
    ['stops a bad one', bad, 1, 'error', 'BR202', 'breaking'],
  ])('%s, with annotations and a note', async (_, text, status, level, code, verdict) => {
    const here = machine({ env: { GITHUB_BASE_REF: 'main', GITHUB_STEP_SUMMARY: 'summary.md' } })
    const run = await repository(here)
    change(here, text)
    write(join(here.directory, 'repository/steps.sh'), steps)
    const outcome = await run('git commit -q -a -m change && bash -e steps.sh')
    expect(outcome.stdout).toMatch(
      new RegExp(`^::${level} file=schema/orders\\.json,line=\\d+,col=\\d+,title=${code} `, 'm'),
    )
    expect(outcome.stdout).toMatch(new RegExp(`^Verdict: ${verdict}\n$`, 'm'))
    expect(outcome.status).toBe(status)
    expect(readFileSync(join(here.directory, 'repository/summary.md'), 'utf8')).toMatch(`## \`orders\`: ${verdict}\n`)
  })
})

interface Shape {
  readonly properties: Readonly<Record<string, unknown>>
  readonly $defs: Readonly<Record<string, Shape>>
}

test('the JSON Schema has for each key that the reader takes what may stand there', () => {
  const schema = JSON.parse(renderDeclarationSchema()) as Shape
  const { whole, extension, column, ownColumn, field, partition, sort, contract } = schema.$defs
  for (const shape of [whole, extension, column, ownColumn, field, partition, sort, contract]) {
    const properties = Object.entries(shape?.properties ?? {})
    expect(properties.length).toBeGreaterThan(1)
    // A key that had no schema would be left out by JSON.
    for (const [, value] of properties) expect(value).toBeTypeOf('object')
  }
  expect(Object.keys(whole?.properties ?? {})).toContain('location')
  expect(Object.keys(column?.properties ?? {})).toContain('default')
  expect(Object.keys(ownColumn?.properties ?? {})).not.toContain('default')
  for (const shape of [whole, extension]) expect(Object.keys(shape?.properties ?? {})).toContain('contract')
  for (const shape of [column, ownColumn]) expect(Object.keys(shape?.properties ?? {})).toContain('illTypedValues')
  expect(Object.keys(field?.properties ?? {})).not.toContain('illTypedValues')
})
