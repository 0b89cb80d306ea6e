import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { HypError } from '../../src/errors.ts'
import { builtinDeclaration, builtinTable } from '../../src/schema/builtin.ts'
import type { Mistake } from '../../src/schema/declaration-file.ts'
import { loadDeclaration, loadDeclarations, loadDeclared } from '../../src/stores/declared.ts'
import { type Home, homeAt, tableDirectory } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

/** A home with these files in `schema/`. */
async function homeWith(files: Readonly<Record<string, object>>): Promise<Home> {
  const home = homeAt(await temporaryFolder())
  await mkdir(home.schema, { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(home.schema, name), JSON.stringify(content))
  return home
}

async function mistakesOf(home: Home): Promise<readonly Mistake[]> {
  const error = await loadDeclarations(home, 9).then(
    () => undefined,
    (caught: HypError) => caught,
  )
  expect(error?.code).toBe('DECLARATION_INVALID')
  return error?.details['mistakes'] as readonly Mistake[]
}

const columns = [{ name: 'id', type: 'long' }]
const table = (name: string, more: object = {}): object => ({ table: name, columns, ...more })

test('the built-in table is declared without any file, and no home has to be there', async () => {
  const home = homeAt(join(await temporaryFolder(), 'none'))
  expect(await loadDeclared(home, 9)).toEqual([{ declaration: builtinDeclaration(9), file: null, places: new Map() }])
})

test('the built-in table comes first, then the others by name, each with its file and the places in it', async () => {
  const home = await homeWith({ 'b.json': table('b'), 'a.json': table('a'), 'z.txt': {} })
  expect((await loadDeclarations(home, 5)).map(declaration => declaration.table)).toEqual([builtinTable, 'a', 'b'])
  await writeFile(join(home.schema, `${builtinTable}.json`), '{"columns": [{"name": "mine", "type": "int"}]}')
  const [builtin, a] = await loadDeclared(home, 5)
  expect(builtin?.declaration.columns.at(-1)).toEqual({ name: 'mine', type: 'int' })
  expect(builtin?.places.get('mine')).toEqual({ line: 1, column: 23 })
  expect(a).toMatchObject({ file: join(home.schema, 'a.json'), declaration: { table: 'a', release: 1, columns } })
})

test('one declaration is found by its name, the built-in one without; an unknown name is told with those there are', async () => {
  const home = await homeWith({ 'a.json': table('a') })
  expect((await loadDeclaration(home, 9)).table).toBe(builtinTable)
  expect((await loadDeclaration(home, 9, 'a')).table).toBe('a')
  await expect(loadDeclaration(home, 9, 'b')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: 'Declared are ai_gateway_messages, a.',
  })
})

test('the mistakes of all files are one error', async () => {
  const home = await homeWith({ 'a.json': table('b'), 'b.json': {}, [`${builtinTable}.json`]: { columns: 7 } })
  const found = await mistakesOf(home)
  expect(found.map(({ file, code }) => [file.slice(home.schema.length + 1), code])).toEqual([
    ['a.json', 'bad-table'],
    [`${builtinTable}.json`, 'wrong-kind'],
    ['b.json', 'missing-key'],
    ['b.json', 'missing-key'],
  ])
  await expect(loadDeclarations(home, 9)).rejects.toThrow(`${join(home.schema, 'a.json')} and 2 more have 4 mistakes; `)
})

test('tables that a query could not tell apart, or that would lie in one place, are a mistake', async () => {
  const home = await homeWith({
    'a.json': table('a', { location: '/srv/one' }),
    'b.json': table('b', { location: '/srv/x/../one' }),
  })
  expect(await mistakesOf(home)).toMatchObject([{ code: 'duplicate-table', path: '/location', line: 1 }])
  const inOurs = await homeWith({})
  const location = tableDirectory(inOurs, { table: builtinTable })
  await writeFile(join(inOurs.schema, 'a.json'), JSON.stringify(table('a', { location })))
  expect(await mistakesOf(inOurs)).toMatchObject([{ code: 'duplicate-table', path: '/location' }])
  // Elsewhere the two names may be one file.
  if (process.platform !== 'linux') return
  const byCase = await homeWith({ 'orders.json': table('orders'), 'Orders.json': table('Orders') })
  expect(await mistakesOf(byCase)).toMatchObject([{ code: 'duplicate-table', path: '/table' }])
})

test('a table lies in the home, unless its declaration names another place', () => {
  const home = homeAt('/home/of/hyp')
  expect(tableDirectory(home, { table: 'a' })).toBe('/home/of/hyp/tables/a')
  expect(tableDirectory(home, { table: 'a', location: '/srv/a/' })).toBe('/srv/a')
})
