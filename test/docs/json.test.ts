import { cpSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { printJson } from '../../src/iceberg/json.ts'
import { taskV1, taskV3 } from '../stores/record-fixtures.ts'
import { declareTable } from '../support/declaring.ts'
import { filesBelow, type Machine, machine, write } from '../support/home.ts'
import { catalogAt, createTable, optional } from '../support/table.ts'
import { addLines, line } from '../support/transcripts.ts'

/** Types of the members that a section documents, by their path. */
type Section = ReadonlyMap<string, readonly string[]>

const sections = new Map(
  readFileSync('docs/json.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map(text => [text.slice(0, text.indexOf('\n')), readSection(text)] as const),
)

function readSection(text: string): Section {
  const rows = text.matchAll(/^\| `([^`]+)` \| ([\w ]+) \|.*\|$/gm)
  return new Map(Array.from(rows, ([, member, types]) => [member as string, (types as string).split(' or ')]))
}

function section(name: string): Section {
  const found = sections.get(name)
  if (found === undefined) throw new Error(`docs/json.md has no section ${name}`)
  return found
}

/** What is documented of one plan, by itself. */
function planSection(): Section {
  const entry = 'plans[].'
  const rows = [...section('plan')].filter(([member]) => member.startsWith(entry))
  return new Map(rows.map(([member, types]) => [member.slice(entry.length), types]))
}

/** Adds the paths of everything in a document to `seen`, and says what the section does not say. */
function compare(documented: Section, document: unknown, seen: Set<string>, path = ''): string[] {
  const [known, types] = path === '' ? ['', undefined] : lookUp(documented, path)
  if (path !== '' && types === undefined) {
    // A member that only groups others, such as `declared`, has no row of its own.
    const groups = [...documented.keys()].some(key => key.startsWith(`${path}.`))
    if (!groups || kindOf(document) !== 'object') return [`${path} is not documented`]
  } else if (types !== undefined) {
    seen.add(known)
    if (types.includes('plan')) return compare(planSection(), document, new Set()).map(text => `${path}: ${text}`)
    if (types.includes('open object')) {
      const isKnown = kindOf(document) === 'object' || types.includes(kindOf(document))
      return isKnown ? [] : [`${path} is ${kindOf(document)}, not ${types.join(' or ')}`]
    }
    if (!types.includes(kindOf(document))) return [`${path} is ${kindOf(document)}, not ${types.join(' or ')}`]
  }
  if (Array.isArray(document)) {
    const listed = [...documented.keys()].some(key => key.startsWith(`${path}[]`))
    return listed ? document.flatMap(entry => compare(documented, entry, seen, `${path}[]`)) : []
  }
  if (kindOf(document) !== 'object') return []
  return Object.entries(document as object).flatMap(([key, value]) =>
    compare(documented, value, seen, path === '' ? key : `${path}.${key}`),
  )
}

/** The row that documents a path: its own, or one with `*` for the last name. */
function lookUp(documented: Section, path: string): [string, readonly string[] | undefined] {
  if (documented.has(path)) return [path, documented.get(path)]
  const any = path.replace(/\.[^.]+$/, '.*')
  return [any, documented.get(any)]
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}

/** Does something while the table says that another declaration was applied to it under the number of its release. */
async function asEditedRelease(here: Machine, act: () => Promise<void>): Promise<void> {
  const newest = filesBelow(join(here.table, 'metadata'))
    .filter(path => path.endsWith('.metadata.json'))
    .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .at(-1) as string
  const text = readFileSync(newest, 'utf8')
  write(newest, text.replace(/(?<="hyp\.builtin\.fingerprint":")\w+/, '0'.repeat(64)))
  await act()
  write(newest, text)
}

/** What another program does to a table. */
async function dropColumn(directory: string, name: string): Promise<void> {
  const catalog = catalogAt(directory)
  const table = await catalog.load()
  const schema = currentSchema(table.metadata)
  await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { ...schema, fields: schema.fields.filter(field => field.name !== name) } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
}

/** What its owner says of a table. */
async function setProperty(directory: string, name: string, value: string): Promise<void> {
  const catalog = catalogAt(directory)
  const updates = [{ action: 'set-properties' as const, updates: { [name]: value } }]
  await catalog.commit(await catalog.load(), { requirements: [], updates })
}

/** The documents of tasks and records, with an old record, one that is torn, and backups of all ages. */
async function printRecords(
  here: Machine,
  print: (name: string, ...words: readonly string[]) => Promise<void>,
): Promise<void> {
  const directory = join(here.home, 'records/task')
  const old = `${taskV1.id}.json`
  write(join(directory, old), printJson(taskV1))
  write(join(directory, `${taskV3.id}.json`), printJson(taskV3))
  write(join(directory, 'torn.json'), '{')
  await print('tasks', 'tasks', '--json')
  await print('task', 'tasks', taskV3.id, '--json')
  await print('task', 'tasks', taskV1.id, '--json')
  await print('errors', 'tasks', 'nothing', '--json')
  await print('records', 'records', '--json')
  await print('records migrate', 'records', 'migrate', '--json')
  await print('records', 'records', '--json')
  await print('records restore', 'records', 'restore', `task/${taskV1.id}`, '--json')
  write(join(directory, 'half.json.0.tmp'), '{')
  for (let n = 2; n < 9; n++) {
    write(join(directory, `${old}.v1.${n}.bak`), '{')
    utimesSync(join(directory, `${old}.v1.${n}.bak`), n, n)
  }
  await print('records gc', 'records', 'gc', '--json')
}

/** The documents of ingest: rows stored, discarded and refused; and held ones, with a reason and without. */
async function printIngest(
  here: Machine,
  print: (name: string, ...words: readonly string[]) => Promise<void>,
): Promise<void> {
  const columns = [{ name: 'id', type: 'long', required: true }]
  const more = [{ name: 'note', type: 'string', required: true }]
  declareTable(here, 'events', columns, { contract: { unknownFields: 'discard_value' } })
  const file = join(here.directory, 'rows.ndjson')
  write(file, '{"id": 1, "other": 2}\n{"id": "x"}\nno row')
  await print('ingest', 'ingest', 'events', file, '--partial', '--json')
  await print('spool', 'spool', '--json')
  declareTable(here, 'events', [...columns, ...more])
  write(file, '{"id": 2, "note": "n"}')
  await print('ingest', 'ingest', 'events', file, '--json')
  await print('spool', 'spool', '--json')
  await print('status', 'status', '--json')
  // A table that cannot be written.
  declareTable(here, 'events', columns)
  rmSync(join(here.home, 'tables/events/data'), { recursive: true })
  write(join(here.home, 'tables/events/data'), 'no directory')
  const daemon = await here.daemon('--flush-age', '0')
  write(file, '{"id": 3}')
  await print('ingest', 'ingest', 'events', file, '--json')
  await daemon.until('a flush failed', () => daemon.events().some(({ msg }) => msg === 'flush-failed'))
  await print('status', 'status', '--json')
  await daemon.stop()
  rmSync(join(here.home, 'schema/events.json'))
  await print('spool', 'spool', '--json')
}

/** The documents of a session that another one shares messages with, and of a status that keeps one. */
async function printShow(
  here: Machine,
  print: (name: string, ...words: readonly string[]) => Promise<void>,
): Promise<void> {
  const path = addLines(here.claude, 'two', [line('one', 0, { sessionId: 'two' }), line('two', 1)])
  await print('backfill', 'backfill', '--json', '--as-release', '5')
  await print('show', 'show', 'two', '--json')
  rmSync(path)
  await print('status', 'status', '--json', '--as-release', '5')
}

/** The documents of copies of a home. */
async function printCopies(printFrom: (from: Machine) => Print): Promise<void> {
  const here = machine()
  const print = printFrom(here)
  const backup = join(here.directory, 'backup')
  addLines(here.claude, 'one', [line('one', 0)])
  await print('backfill', 'backfill', '--json')
  await print('backup', 'backup', backup, '--json')
  await print('restore', 'restore', backup, '--json')
  await print('table relocate', 'table', 'relocate', '--dry-run', '--json')
  await print('table delete', 'table', 'delete', '--session', 'one', '--json')
  await print('table delete', 'table', 'delete', '--where', 'true', '--purge', '--json')
  await print('table delete', 'table', 'delete', '--before', '2026-01-01', '--dry-run', '--json')
  await print('restore', 'restore', backup, '--json')
  await print('table compact', 'table', 'expire', '--json')
}

type Print = (name: string, ...words: readonly string[]) => Promise<void>

/** The documents of every command, from a home with something of everything in it. */
async function realDocuments(): Promise<ReadonlyMap<string, readonly object[]>> {
  const here = machine()
  const documents = new Map<string, object[]>()
  const printFrom =
    (from: Machine) =>
    async (name: string, ...words: readonly string[]): Promise<void> => {
      const { stdout } = await from.hyp(...words)
      const document = JSON.parse(stdout) as object
      const list = documents.get(name)
      if (list === undefined) documents.set(name, [document])
      else list.push(document)
    }
  const print = printFrom(here)
  await printCopies(printFrom)
  await print('plan', 'plan', '--json')
  await print('status', 'status', '--json')
  await printIngest(here, print)
  rmSync(here.table, { recursive: true })
  await print('errors', 'history', '--json')
  await print('apply', 'apply', '--json', '--as-release', '5')
  here.declare('{"columns": [{"name": "mine", "type": "int", "from": "/mine"}]}')
  addLines(here.claude, 'one', [line('one', 0), line('one', 1, { mine: 'not a number' }), '{', { type: 'progress' }])
  await print('plan', 'plan', '--json', '--as-release', '5')
  await print('apply', 'apply', '--json', '--as-release', '5')
  await print('backfill', 'backfill', '--json', '--as-release', '5')
  await printShow(here, print)
  await printRecords(here, print)
  await print('plan', 'plan', '--json', '--as-release', '6')
  await print('apply', 'apply', '--json', '--as-release', '6')
  await print('errors', 'apply', '--json', '--as-release', '5', '--expect', '0123456789abcdef')
  await print('status', 'status', '--json', '--as-release', '6')
  await print('history', 'history', '--json')
  await createTable({ columns: [optional('a', 'int')] }, join(here.directory, 'others'))
  await print('adopt', 'adopt', '--json', '--as-release', '5', join(here.directory, 'others'))
  cpSync(join(here.directory, 'others'), join(here.directory, 'copy'), { recursive: true })
  await dropColumn(here.table, 'mine')
  await print('adopt', 'adopt', '--json', '--as-release', '5', 'ai_gateway_messages')
  await print('adopt', 'adopt', '--json', '--as-release', '5', join(here.directory, 'copy'), '--name', 'copy')
  await print('history', 'history', '--json', 'others')
  await print('apply', 'apply', '--json', '--as-release', '5')
  const others = join(here.directory, 'others/metadata/v2.metadata.json')
  const whole = readFileSync(others)
  write(others, '{')
  await print('status', 'status', '--json', '--as-release', '5')
  await print('plan', 'plan', '--json', '--as-release', '5')
  write(others, whole)
  symlinkSync('in-a-circle', join(here.claude, 'projects/in-a-circle'))
  const daemon = await here.daemon('--as-release', '6')
  await print('table compact', 'table', 'compact', '--json')
  await print('status', 'status', '--json')
  await daemon.stop()
  here.declare('{"columns": []}')
  await print('plan', 'plan', '--json', '--as-release', '5')
  await asEditedRelease(here, () => print('plan', 'plan', '--json', '--as-release', '5'))
  await print('rules', 'rules', '--json')
  here.declare('{"columns": 7}')
  await print('errors', 'plan', '--json')
  await print('table show', 'table', 'show', '--json')
  await print('table files', 'table', 'files', '--json')
  await print('table snapshots', 'table', 'snapshots', '--json')
  await print('table compact', 'table', 'expire', '--dry-run', '--json')
  await setProperty(here.table, 'gc.enabled', 'false')
  await print('table compact', 'table', 'expire', '--json')
  await print('table verify', 'table', 'verify', '--json')
  await print('query', 'query', '--format', 'json', 'SELECT * FROM ai_gateway_messages')
  rmSync(filesBelow(join(here.table, 'data'))[0] as string)
  await print('table verify', 'table', 'verify', '--json')
  rmSync(join(here.home, 'schema'), { recursive: true })
  rmSync(join(here.claude, 'projects'), { recursive: true })
  // Histories that cannot be read.
  write(join(here.claude, 'projects'), 'no directory')
  await print('backfill', 'backfill', '--json', '--as-release', '5')
  return documents
}

test('every JSON document is as docs/json.md says, member for member, and every documented member is printed', async () => {
  const documents = await realDocuments()
  expect([...documents.keys()].toSorted()).toEqual([...sections.keys()].toSorted())
  for (const [name, printed] of documents) {
    const seen = new Set<string>()
    const wrong = printed.flatMap(document => compare(section(name), document, seen))
    expect({ name, wrong: [...new Set(wrong)] }).toEqual({ name, wrong: [] })
    expect({ name, never: [...section(name).keys()].filter(member => !seen.has(member)) }).toEqual({ name, never: [] })
  }
})

test('the sums of a backfill are what docs/json.md says they are', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0), line('one', 0), '{', { type: 'progress', sessionId: 'one' }, '7'])
  const sums = await here.json<{
    lines: number
    linesWithRows: number
    captured: number
    rows: number
    duplicates: number
    skipped: Record<string, number>
  }>('backfill', '--json')
  const skipped = Object.values(sums.skipped).reduce((sum, number) => sum + number, 0)
  expect(sums).toMatchObject({ lines: 5, linesWithRows: 2, captured: 2, rows: 1, duplicates: 1 })
  expect(skipped).toBe(3)
  expect(sums.skipped).toMatchObject({ 'invalid-json': 1, progress: 1, 'not-an-object': 1 })
})
