import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Table } from '../../src/iceberg/catalog/catalog.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { scanRows } from '../../src/iceberg/scan.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { appendOnce } from '../../src/ingest/keys/append-once.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { orphansOf, schemaProblems } from '../support/crash-check.ts'
import { apply, declare, key, openTable, seededContext } from '../support/crash-table.ts'
import { columnTypes, declarationOf, firstShape, Model, rowOf, type Seed, type Shape } from '../support/model.ts'
import { PowerDisk } from '../support/power-file-io.ts'

const directory = '/home/table'

type Action =
  | {
      readonly do: 'append'
      readonly rows: readonly Seed[] /** So many looks at the table ago. */
      readonly stale: number
    }
  | { readonly do: 'add'; readonly type: string }
  | { readonly do: 'promote' | 'relax' | 'nothing' | 'break' | 'older' }

const seed = fc.record({ session: fc.nat(4), part: fc.nat(12), value: fc.integer({ min: -50, max: 50 }) })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      rows: fc.array(seed, { maxLength: 10 }),
      stale: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(3)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), type: fc.constantFrom(...columnTypes) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('promote', 'relax', 'nothing', 'break', 'older' as const) }),
  },
)

/** The shape that an action asks for; the same shape where it asks for none. */
function wanted(shape: Shape, asked: Action): Shape {
  if (asked.do === 'promote') return { ...shape, countIsLong: true }
  if (asked.do === 'relax') return { ...shape, textIsOptional: true }
  if (asked.do !== 'add') return shape
  return { ...shape, extra: [...shape.extra, { name: `column_${shape.extra.length}`, type: asked.type }] }
}

/** Declarations that a table of any shape refuses. */
function refused(shape: Shape, asked: 'break' | 'older'): Declaration {
  if (asked === 'older') return { ...declarationOf(shape), release: 8 }
  return declare([...shape.extra, { name: 'mandatory', type: 'string', required: true }], { text: { type: 'int' } })
}

async function rowsOf(table: Table): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>()
  for await (const batch of scanRows(table)) {
    for (const row of batch) {
      expect(rows.has(key.of(row))).toBe(false)
      rows.set(key.of(row), row)
    }
  }
  return rows
}

async function run(actions: readonly Action[]): Promise<void> {
  const disk = new PowerDisk()
  const { io } = disk
  const contents = (): Map<string, Uint8Array> => disk.contents(directory)
  await io.makeDirectory('/home')
  const context = seededContext(1)
  const catalog = openTable(io, directory, context)
  await apply(catalog, directory, declarationOf(firstShape), context)
  const model = new Model()
  const looks: { readonly table: Table; readonly shape: Shape }[] = []
  let lastId = 4
  let snapshots = 0
  for (const asked of actions) {
    const before = await catalog.load()
    const files = contents()
    looks.unshift({ table: before, shape: model.shape })
    let changes: boolean
    if (asked.do === 'append') {
      // A writer that has not looked for a while writes rows of the shape that it knew.
      const { table, shape } = looks[Math.min(asked.stale, looks.length - 1)] as (typeof looks)[number]
      const rows = asked.rows.map(one => rowOf(one, shape))
      const added = model.append(rows)
      const appended = await appendOnce(catalog, table, rows, key, context)
      expect({ rows: appended.rows, duplicates: appended.duplicates }).toEqual({
        rows: added,
        duplicates: rows.length - added,
      })
      changes = added > 0
      if (changes) snapshots++
    } else if (asked.do === 'break' || asked.do === 'older') {
      await expect(apply(catalog, directory, refused(model.shape, asked.do), context)).rejects.toMatchObject({
        code: asked.do === 'break' ? 'SCHEMA_BREAKING' : 'STORE_NEWER',
      })
      changes = false
    } else {
      const shape = wanted(model.shape, asked)
      changes = JSON.stringify(shape) !== JSON.stringify(model.shape)
      model.shape = shape
      const receipt = await apply(catalog, directory, declarationOf(shape), context)
      expect(receipt.action).toBe(changes ? 'evolve' : 'none')
    }
    const { metadata, version } = await catalog.load()
    expect(version).toBe(before.version + (changes ? 1 : 0))
    if (!changes) expect(differences(files, contents())).toEqual([])
    expect(metadata['last-column-id']).toBe(lastId + (asked.do === 'add' ? 1 : 0))
    lastId = metadata['last-column-id']
    expect(metadata.snapshots).toHaveLength(snapshots)
    expect(schemaProblems(metadata)).toEqual([])
    expect(currentSchema(metadata).fields.map(field => field.name)).toEqual(
      declarationOf(model.shape).columns.map(column => column.name),
    )
  }
  expect(await rowsOf(await catalog.load())).toEqual(model.rows())
  expect(await orphansOf(io, directory)).toEqual([])
}

/** Names of files that came, went or were written again: the disk keeps one array for the same bytes. */
function differences(before: ReadonlyMap<string, Uint8Array>, after: ReadonlyMap<string, Uint8Array>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(name => before.get(name) !== after.get(name))
}

test('after any sequence of appends and evolutions the table holds what a simple model of it holds', async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 14 }), run), {
    numRuns: 250,
    seed: 20261121,
  })
})
