import { beforeEach, describe, expect, test } from 'vitest'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field, TableMetadata } from '../../src/iceberg/types.ts'
import { readApplied, readEvolutions } from '../../src/schema/applied.ts'
import { builtinDeclaration, builtinTable } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { tableDirectory } from '../../src/stores/home.ts'
import { adoptTable } from '../../src/stores/table/adopt.ts'
import { applyTables, planOf } from '../../src/stores/table/apply-tables.ts'
import { openCatalog, systemContext } from '../../src/stores/table/catalog.ts'
import { applyTable, type Receipt } from '../../src/stores/table/store.ts'
import { contentsOf } from '../support/table.ts'
import { newPlace, type Place } from './adopting.ts'

/*
 * The built-in table as other programs left it: what adopting it accepts, and
 * what goes on being reported.
 */

const nine = builtinDeclaration(9)
let place: Place

beforeEach(async () => {
  place = await newPlace()
  await apply(nine)
})

function apply(declaration: Declaration): Promise<Receipt> {
  const { home } = place
  const location = tableLocation(tableDirectory(home, declaration))
  return applyTable({ catalog: openCatalog(home, declaration), declaration, location, context: systemContext })
}

/** What another program makes of the columns, in one commit. */
async function others(change: (fields: readonly Field[]) => readonly Field[]): Promise<void> {
  const catalog = openCatalog(place.home, nine)
  const table = await catalog.load()
  const schema = currentSchema(table.metadata)
  await catalog.commit(table, {
    requirements: [],
    updates: [
      { action: 'add-schema', schema: { ...schema, fields: change(schema.fields) } },
      { action: 'set-current-schema', 'schema-id': -1 },
    ],
  })
}

function changed(name: string, change: Partial<Field>): (fields: readonly Field[]) => readonly Field[] {
  return fields => fields.map(field => (field.name === name ? { ...field, ...change } : field))
}

async function lines(declaration: Declaration = nine): Promise<unknown[]> {
  const plan = await planOf(place.home, declaration)
  return plan.changes.map(({ code, path, origin }) => [code, path, origin])
}

async function metadata(): Promise<TableMetadata> {
  return (await openCatalog(place.home, nine).load()).metadata
}

describe('a change of others that is adopted', () => {
  test('a column that was dropped is pending again, and comes back empty', async () => {
    await others(fields => fields.filter(({ name }) => name !== 'git_remote'))
    expect(await lines()).toEqual([['BR213', 'git_remote', 'drift']])
    const { action, accepted, plan } = await place.adopt(builtinTable)
    expect({ action, accepted: accepted.map(({ code }) => code) }).toEqual({ action: 'adopt', accepted: ['BR213'] })
    expect(plan).toMatchObject({ verdict: 'pending', action: 'evolve' })
    expect(await lines()).toEqual([['AD101', 'git_remote', 'pending']])
    const last = (await metadata())['last-column-id']
    expect((await apply(nine)).kind).toBe('evolution')
    const fields = currentSchema(await metadata()).fields
    expect(fields.find(({ name }) => name === 'git_remote')?.id).toBe(last + 1)
    expect(await lines()).toEqual([])
  })

  test('a column that was renamed is kept under its new name, and the declared one is pending', async () => {
    await others(changed('git_remote', { name: 'remote' }))
    expect(await lines()).toEqual([['BR213', 'git_remote', 'drift']])
    await place.adopt(builtinTable)
    expect(await lines()).toEqual([
      ['AD101', 'git_remote', 'pending'],
      ['TO301', 'remote', 'tolerated'],
    ])
  })

  test.each([
    ['dropped', (fields: readonly Field[]) => fields.filter(({ name }) => name !== 'role')],
    ['renamed', changed('role', { name: 'rolle' })],
  ] as const)('a required column that was %s is not accepted, as nothing could bring it back', async (_, change) => {
    await others(change)
    const before = await metadata()
    const [line] = (await planOf(place.home, nine)).changes
    expect(line).toMatchObject({ code: 'BR213', path: 'role', acceptable: false, command: 'hyp plan' })
    await expect(place.adopt(builtinTable)).rejects.toMatchObject({
      code: 'ADOPTION_REFUSED',
      details: { obstacles: [{ where: 'role', fix: expect.stringContaining('take its change back') as string }] },
    })
    expect(await metadata()).toEqual(before)
  })

  test('a column that was added is the declaration’s own business from then on', async () => {
    const id = (await metadata())['last-column-id'] + 1
    await others(fields => [...fields, { id, name: 'theirs', required: false, type: 'string' }])
    expect(await lines()).toEqual([['TO301', 'theirs', 'drift']])
    const { plan } = await place.adopt(builtinTable)
    expect(await lines()).toEqual([['TO301', 'theirs', 'tolerated']])
    expect(plan.verdict).toBe('current')
  })

  test.each([
    ['wider', 'message_index', { type: 'long' }],
    ['laxer', 'gateway_id', { required: false }],
  ] as const)('a column that was made %s stays tolerated', async (_, name, change) => {
    await others(changed(name, change))
    expect(await lines()).toEqual([['TO302', name, 'drift']])
    await place.adopt(builtinTable)
    const [line] = (await planOf(place.home, nine)).changes
    expect(line).toMatchObject({ code: 'TO302', path: name, kind: 'tolerated' })
    expect((await apply(nine)).action).toBe('none')
  })

  test('a column that was dropped and made again is the column from then on', async () => {
    const id = (await metadata())['last-column-id'] + 1
    await others(fields => fields.filter(({ name }) => name !== 'git_remote'))
    await others(fields => [...fields, { id, name: 'git_remote', required: false, type: 'string' }])
    expect((await lines()).map(line => (line as string[])[0])).toContain('TO304')
    await place.adopt(builtinTable)
    expect((await lines()).map(line => (line as string[])[0])).not.toContain('TO304')
  })

  test('is written down, and what was applied is not rewritten', async () => {
    const before = readApplied((await metadata()).properties)
    await others(fields => fields.filter(({ name }) => name !== 'git_remote'))
    const dropped = await metadata()
    await place.adopt(builtinTable)
    const after = await metadata()
    expect(readApplied(after.properties)).toEqual({ ...before, schemaId: 1 })
    expect(after.schemas).toEqual(dropped.schemas)
    expect(readEvolutions(after.properties).at(-1)).toMatchObject({
      n: 2,
      kind: 'adoption',
      from: { release: 9, schema: 0 },
      to: { release: 9, schema: 1 },
      changes: [{ code: 'BR213', path: 'git_remote' }],
    })
  })

  test('leaves what the declaration asks for pending beside it', async () => {
    const wanted = { ...nine, columns: [...nine.columns, { name: 'mine', type: 'string' }] }
    const id = (await metadata())['last-column-id'] + 1
    await others(fields => [...fields, { id, name: 'theirs', required: false, type: 'string' }])
    const { home } = place
    const request = { target: builtinTable, directory: '/nowhere' }
    await adoptTable({ home, declarations: [wanted], request, context: systemContext })
    expect(await lines(wanted)).toEqual([
      ['AD101', 'mine', 'pending'],
      ['TO301', 'theirs', 'tolerated'],
    ])
  })
})

test('without drift there is nothing to accept, and not a byte is written', async () => {
  const before = await contentsOf(place.folder)
  expect(await place.adopt(builtinTable)).toMatchObject({ action: 'none', accepted: [], file: null, isFileNew: false })
  expect(await place.adopt(tableDirectory(place.home, nine))).toMatchObject({ action: 'none' })
  expect(await contentsOf(place.folder)).toEqual(before)
})

test('a table of a newer release is refused', async () => {
  const { home } = place
  const request = { target: builtinTable, directory: '/nowhere' }
  const adoption = adoptTable({ home, declarations: [builtinDeclaration(8)], request, context: systemContext })
  await expect(adoption).rejects.toMatchObject({ code: 'STORE_NEWER' })
})

describe('a release that was edited after it was applied', () => {
  const added = [
    { name: 'cost_usd', type: 'double', since: 9, doc: 'What it cost.' },
    { name: 'currency', type: 'string', since: 9, doc: 'In which currency.' },
  ]
  const edited: Declaration = { ...nine, columns: [...nine.columns, ...added] }

  test('is told with what differs, is repaired forward once, and is then as it is declared', async () => {
    const plan = await planOf(place.home, edited)
    expect(plan).toMatchObject({ verdict: 'drifted', action: 'evolve', edited: { release: 9 } })
    expect(plan.edited?.applied).toBe(plan.edited?.sealed)
    expect(plan.edited?.declared).not.toBe(plan.edited?.applied)
    expect(await lines(edited)).toEqual([
      ['AD101', 'cost_usd', 'drift'],
      ['AD101', 'currency', 'drift'],
    ])
    expect(await apply(edited)).toMatchObject({ action: 'evolve', kind: 'repair', after: { release: 9, schemaId: 1 } })
    expect(readEvolutions((await metadata()).properties).at(-1)).toMatchObject({
      kind: 'repair',
      from: { release: 9, schema: 0 },
      to: { release: 9, schema: 1 },
      changes: [{ path: 'cost_usd' }, { path: 'currency' }],
    })
    const before = await contentsOf(place.folder)
    expect(await apply(edited)).toMatchObject({ action: 'none', plan: { verdict: 'current', edited: null } })
    expect(await contentsOf(place.folder)).toEqual(before)
  })

  test('is repaired by what is missing alone', async () => {
    const id = (await metadata())['last-column-id'] + 1
    await others(fields => [
      ...fields,
      { id, name: 'currency', required: false, type: 'string', doc: 'In which currency.' },
    ])
    expect(await lines(edited)).toEqual([['AD101', 'cost_usd', 'drift']])
    await apply(edited)
    const { fields } = currentSchema(await metadata())
    expect(fields.find(({ name }) => name === 'currency')?.id).toBe(id)
    expect(fields.find(({ name }) => name === 'cost_usd')?.id).toBe(id + 1)
  })

  test('costs no commit where everything is there, and stays reported', async () => {
    const last = (await metadata())['last-column-id']
    await others(fields => [
      ...fields,
      { id: last + 1, name: 'cost_usd', required: false, type: 'double', doc: 'What it cost.' },
      { id: last + 2, name: 'currency', required: false, type: 'string', doc: 'In which currency.' },
    ])
    const before = await contentsOf(place.folder)
    expect(await apply(edited)).toMatchObject({ action: 'none', kind: null, plan: { edited: { release: 9 } } })
    expect(await contentsOf(place.folder)).toEqual(before)
  })

  test('is tolerated by the program as it was, which drops nothing', async () => {
    await apply(edited)
    const before = await contentsOf(place.folder)
    const { action, plan } = await apply(nine)
    expect(action).toBe('none')
    expect(plan.edited).toMatchObject({ release: 9 })
    expect(await lines(nine)).toEqual([
      ['TO301', 'cost_usd', 'tolerated'],
      ['TO301', 'currency', 'tolerated'],
    ])
    expect(await contentsOf(place.folder)).toEqual(before)
  })

  test('stays reported after an adoption: neither seal nor what was applied is rewritten', async () => {
    const theirs = (await metadata())['last-column-id'] + 1
    await others(fields => [...fields, { id: theirs, name: 'theirs', required: false, type: 'string' }])
    const { home } = place
    const request = { target: builtinTable, directory: '/nowhere' }
    const { plan } = await adoptTable({ home, declarations: [edited], request, context: systemContext })
    expect(plan.edited).toMatchObject({ release: 9 })
    const again = await planOf(home, nine)
    expect(again.edited).toBeNull()
  })

  test('by a required column is refused whole', async () => {
    const breaking = {
      ...nine,
      columns: [...nine.columns, { ...added[0], required: true } as never, added[1] as never],
    }
    const [outcome] = await applyTables({ home: place.home, declarations: [breaking], context: systemContext })
    expect(outcome?.result).toMatchObject({
      code: 'SCHEMA_BREAKING',
      message: expect.stringContaining('cost_usd (BR201)'),
    })
  })
})
