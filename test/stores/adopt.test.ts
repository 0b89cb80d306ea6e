import { randomUUID } from 'node:crypto'
import { copyFileSync } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import { readApplied, readEvolutions } from '../../src/schema/applied.ts'
import { builtinTable } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { loadDeclarations } from '../../src/stores/declared.ts'
import { homeAt } from '../../src/stores/home.ts'
import { applyTables } from '../../src/stores/table/apply-tables.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { dataPath, describeWithData } from '../support/data.ts'
import { catalogAt, contentsOf, createTable, evolve, optional, readRows } from '../support/table.ts'
import { columns, foreign, newPlace, type Place, placeAt } from './adopting.ts'

let place: Place

beforeEach(async () => {
  place = await newPlace()
})

describe('a table that another program made', () => {
  test('gets a declaration that is exactly what it is, and is the base of what comes', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    const adoption = await place.adopt(directory)
    expect(adoption).toMatchObject({ action: 'adopt', isFileNew: true, accepted: [], notices: [] })
    expect(adoption.plan).toMatchObject({ table: 'orders', verdict: 'current', action: 'none', changes: [] })
    expect(await place.plan('orders')).toMatchObject({ verdict: 'current', changes: [] })
    expect(JSON.parse(await readFile(join(place.home.schema, 'orders.json'), 'utf8'))).toEqual({
      table: 'orders',
      location: directory,
      columns: [
        { name: 'id', type: 'long', required: true },
        { name: 'name', type: 'string' },
        { name: 'at', type: 'timestamptz' },
      ],
      identifier: [],
      partitionBy: [{ column: 'at', transform: 'day' }],
      sortBy: [{ column: 'id', direction: 'desc', nulls: 'last' }],
    })
    expect(readEvolutions(adoption.table.metadata.properties)).toMatchObject([
      { n: 1, kind: 'adoption', from: { release: null, schema: 0 }, to: { release: null, schema: 0 }, changes: [] },
    ])
    expect(readApplied(adoption.table.metadata.properties)).toMatchObject({ release: undefined, schemaId: 0 })
  })

  test('keeps every file it has byte for byte; what is new is one metadata file', async () => {
    const target = await foreign(join(place.folder, 'orders'))
    const before = await contentsOf(target.directory)
    const { table } = await place.adopt(target.directory)
    const after = await contentsOf(target.directory)
    const hint = join(target.directory, 'metadata/version-hint.text')
    for (const [path, bytes] of before) if (path !== hint) expect([path, after.get(path)]).toEqual([path, bytes])
    expect([...after.keys()].filter(path => !before.has(path))).toEqual([
      join(target.directory, `metadata/v${target.table.version + 1}.metadata.json`),
    ])
    expect(table.metadata.schemas).toEqual(target.table.metadata.schemas)
    expect(table.metadata.snapshots).toEqual(target.table.metadata.snapshots)
    expect(await readRows(table)).toEqual(await readRows(target.table))
  })

  test('adopted a second time is left as it is, to the byte', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    await place.adopt(directory)
    const before = await contentsOf(place.folder)
    expect(await place.adopt(directory)).toMatchObject({ action: 'none', isFileNew: false, accepted: [] })
    expect(await place.adopt('orders')).toMatchObject({ action: 'none', isFileNew: false })
    expect(await contentsOf(place.folder)).toEqual(before)
  })

  test('can be adopted by a second home: there it is declared, and nothing is committed', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    await place.adopt(directory)
    const before = await contentsOf(directory)
    place = placeAt(place.folder, homeAt(join(place.folder, 'another')))
    expect(await place.adopt(directory)).toMatchObject({ action: 'none', isFileNew: true })
    expect(await contentsOf(directory)).toEqual(before)
    expect(await place.plan('orders')).toMatchObject({ verdict: 'current' })
  })

  test('may be a copy of one that hyp made: its release goes on', async () => {
    const [builtin] = await loadDeclarations(place.home, 9)
    await applyTables({ home: place.home, declarations: [builtin as Declaration], context: systemContext })
    const copy = join(place.folder, 'archive')
    await cp(join(place.home.tables, builtinTable), copy, { recursive: true })
    expect(await place.adopt(copy)).toMatchObject({ action: 'none', isFileNew: true, plan: { verdict: 'current' } })
    expect(await place.declared('archive')).toMatchObject({ release: 9, location: copy })
  })

  test('is evolved by its declaration from then on, and rows that were there are there', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    await place.adopt(directory)
    const file = join(place.home.schema, 'orders.json')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('"columns": [', '"columns": [{ "name": "note", "type": "string" },'))
    const [outcome] = await applyTables({
      home: place.home,
      declarations: [await place.declared('orders')],
      context: systemContext,
    })
    expect(outcome?.result).toMatchObject({ action: 'evolve', kind: 'evolution', after: { release: 1, schemaId: 1 } })
    const rows = await readRows(await catalogAt(directory).load())
    expect(rows.map(each => [each['note'], each['id']])).toEqual([
      [null, 2n],
      [null, 1n],
    ])
  })

  test('is taken under the declaration there is for its place; differences are pending', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    const file = join(place.home.schema, 'sales.json')
    const text = `{"table": "sales", "location": ${JSON.stringify(directory)}, "columns": [
      {"name": "id", "type": "long", "required": true}, {"name": "name", "type": "string"},
      {"name": "at", "type": "timestamptz"}, {"name": "note", "type": "string"}],
      "identifier": [], "partitionBy": [{"column": "at", "transform": "day"}], "sortBy": ["id"]}`
    await writeFile(file, text)
    const { declaration, isFileNew, plan } = await place.adopt(directory)
    expect({ table: declaration.table, isFileNew, verdict: plan.verdict }).toEqual({
      table: 'sales',
      isFileNew: false,
      verdict: 'pending',
    })
    expect(plan.changes.map(({ code, path, origin }) => [code, path, origin])).toEqual([
      ['AD101', 'note', 'pending'],
      ['AD107', '(sort order)', 'pending'],
    ])
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  test('in the place where its name is looked for is declared without a location', async () => {
    const directory = join(place.home.tables, 'orders')
    await createTable({ columns }, directory)
    await place.adopt(directory)
    expect(await place.declared('orders')).not.toHaveProperty('location')
    expect(await place.plan('orders')).toMatchObject({ verdict: 'current' })
  })

  test.each([
    ['orders', 'orders'],
    ['Orders.2024 (new)', 'Orders_2024_new'],
    ['2024', 't_2024'],
    ['größe', 'größe'],
  ])('in a directory %s is declared as %s', async (directory, name) => {
    await createTable({ columns }, join(place.folder, directory))
    expect((await place.adopt(join(place.folder, directory))).declaration.table).toBe(name)
  })

  test('is found through a link, and by the location that other engines print', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    await place.adopt(directory)
    await symlink(directory, join(place.folder, 'link'))
    expect((await place.adopt(join(place.folder, 'link'))).declaration.table).toBe('orders')
    expect((await place.adopt(`file://${directory}`)).declaration.table).toBe('orders')
    expect((await place.adopt(`file:${directory}/`)).declaration.table).toBe('orders')
  })

  test('may be compressed, or named as catalogs name', async () => {
    const zipped = await foreign(join(place.folder, 'zipped'))
    const path = join(zipped.directory, `metadata/v${zipped.table.version}`)
    await writeFile(`${path}.gz.metadata.json`, gzipSync(await readFile(`${path}.metadata.json`)))
    await rm(`${path}.metadata.json`)
    expect(await place.adopt(zipped.directory)).toMatchObject({ action: 'adopt', notices: [] })

    const catalogued = await foreign(join(place.folder, 'catalogued'))
    const metadata = join(catalogued.directory, 'metadata')
    for (const version of [1, 2])
      await rename(
        join(metadata, `v${version}.metadata.json`),
        join(metadata, `0000${version}-${randomUUID()}.metadata.json`),
      )
    expect(await place.adopt(catalogued.directory)).toMatchObject({ action: 'adopt', notices: [{ code: 'catalog' }] })
    expect((await readdir(metadata)).filter(name => name.startsWith('v'))).toContain('v3.metadata.json')
  })

  test('that was moved is adopted where it is, and it is said who does not see that', async () => {
    const { directory, table } = await foreign(join(place.folder, 'orders'))
    const copy = join(place.folder, 'copy')
    await cp(directory, copy, { recursive: true })
    const original = await contentsOf(directory)
    const { notices, plan } = await place.adopt(copy)
    expect(notices).toEqual([{ code: 'moved', message: expect.stringContaining(table.metadata.location) }])
    expect(plan.verdict).toBe('current')
    expect(await contentsOf(directory)).toEqual(original)
    expect(await readRows(await catalogAt(copy).load())).toHaveLength(2)
  })

  test('that another writer commits to at that moment is looked at again', async () => {
    const target = await foreign(join(place.folder, 'orders'))
    const copy = join(place.folder, 'copy')
    await cp(target.directory, copy, { recursive: true })
    await evolve({ ...target, directory: copy, catalog: catalogAt(copy) }, [...columns, optional('more', 'int')])
    // The commit's file is named behind the look at the table and before the commit.
    let names = 0
    const uniqueName = (): string => {
      if (++names === 1)
        for (const file of ['v3.metadata.json', 'version-hint.text'])
          copyFileSync(join(copy, 'metadata', file), join(target.directory, 'metadata', file))
      return randomUUID()
    }
    const { table, declaration, plan } = await place.adopt(target.directory, undefined, { uniqueName })
    expect({ version: table.version, verdict: plan.verdict }).toEqual({ version: 4, verdict: 'current' })
    expect(declaration.columns.at(-1)).toEqual({ name: 'more', type: 'int' })
  })
})

describe('a name', () => {
  test.each([
    ['of another table', 'ai_gateway_messages', 'is that of another table'],
    ['of another table but for case', 'AI_gateway_messages', 'is that of another table'],
    ['of a view', 'usage', 'is the name of a view'],
    ['that is no name', '../orders', 'cannot be the name of a table'],
    ['that is empty', '', 'cannot be the name of a table'],
  ])('%s is refused, and nothing is written', async (_, name, message) => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    const before = await contentsOf(place.folder)
    const error = await place.refusal(directory, name)
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) })
    expect(error.hint).toMatch(/name/i)
    expect(await contentsOf(place.folder)).toEqual(before)
  })

  test('that the directory gives and another table has is to be given by hand', async () => {
    await place.adopt((await foreign(join(place.folder, 'orders'))).directory)
    const second = await createTable({ columns }, join(place.folder, 'elsewhere/orders'))
    expect(await place.refusal(second.directory)).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('--name'),
    })
    expect((await place.adopt(second.directory, 'orders_2')).declaration.table).toBe('orders_2')
  })

  test('other than the declared one is refused', async () => {
    const { directory } = await foreign(join(place.folder, 'orders'))
    await place.adopt(directory)
    expect(await place.refusal(directory, 'sales')).toMatchObject({ code: 'USAGE' })
    expect(await place.refusal('orders', 'sales')).toMatchObject({ code: 'USAGE' })
  })
})

describe('a path without a table', () => {
  test('has to be a whole one', async () => {
    expect(await place.refusal('orders')).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('whole path'),
    })
  })

  test.each(['nothing/here', 'empty', 'file', 'file/below'])('%s says what was looked for', async name => {
    await mkdir(join(place.folder, 'empty'))
    await writeFile(join(place.folder, 'file'), '')
    const error = await place.refusal(join(place.folder, name))
    expect(error).toMatchObject({ code: 'TABLE_NOT_FOUND', hint: expect.stringContaining(builtinTable) })
    expect(error.message).toContain(`${join(place.folder, name)}/metadata`)
    expect(error.message).toContain('v<N>.metadata.json')
  })

  test('of a declared table says that apply makes it', async () => {
    expect(await place.refusal(builtinTable)).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      hint: expect.stringContaining('hyp apply'),
    })
  })
})

describeWithData('a table of another engine', () => {
  test.each([
    ['java/bunnies', 22, 'bunnies'],
    ['spark/rename_column', 4, 'rename_column'],
  ])('%s is taken as it is, with its deletes, and planned as nothing to do', async (name, stored, table) => {
    const directory = join(place.folder, table)
    await cp(dataPath('foreign-tables', ...name.split('/')), directory, { recursive: true })
    // The data may be read-only, and a copy keeps that.
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
      if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755)
    const rows = await readRows(await catalogAt(directory).load())
    const before = await contentsOf(directory)
    const { plan, notices } = await place.adopt(directory)
    expect(plan).toMatchObject({ verdict: 'current', changes: [], found: { rows: stored } })
    expect(notices.map(({ code }) => code)).toEqual(['moved'])
    const after = await contentsOf(directory)
    const changed = [...before].filter(([path, bytes]) => after.get(path) !== bytes).map(([path]) => path)
    expect(changed).toEqual([join(directory, 'metadata/version-hint.text')])
    expect(await readRows(await catalogAt(directory).load())).toEqual(rows)
  })
})
