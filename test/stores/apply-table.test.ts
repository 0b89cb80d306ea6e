import { beforeEach, describe, expect, test } from 'vitest'
import type { HypError } from '../../src/errors.ts'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import type { Commit } from '../../src/iceberg/commit.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { readApplied, readEvolutions } from '../../src/schema/applied.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { fingerprint } from '../../src/schema/fingerprint.ts'
import { type Plan, planTable } from '../../src/schema/plan.ts'
import { applyTable, type Receipt } from '../../src/stores/table/store.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import { contentsOf, temporaryFolder } from '../support/table.ts'

let directory = ''
let catalog: Catalog
/** Every commit that was given to the catalog, whatever became of it. */
let commits: Commit[] = []

beforeEach(async () => {
  directory = await temporaryFolder()
  commits = []
  const inner = openTable(localFileIO, directory, systemClock)
  catalog = {
    ...inner,
    commit: (base, commit) => {
      commits.push(commit)
      return inner.commit(base, commit)
    },
  }
})

function apply(declaration: Declaration, expected?: string, through: Catalog = catalog): Promise<Receipt> {
  return applyTable({
    catalog: through,
    declaration,
    location: tableLocation(directory),
    context: systemClock,
    expect: expected,
  })
}

function withColumns(release: number, ...columns: readonly ColumnDeclaration[]): Declaration {
  const declaration = builtinDeclaration(release)
  return { ...declaration, columns: [...declaration.columns, ...columns] }
}

/** What an apply is refused with. */
async function refusal(declaration: Declaration, expected?: string): Promise<HypError & { readonly plan: Plan }> {
  const error = await apply(declaration, expected).then(
    () => Promise.reject(new Error('it was not refused')),
    (cause: unknown) => cause as HypError,
  )
  return Object.assign(error, { plan: error.details['plan'] as Plan })
}

function names(table: Table): string[] {
  return currentSchema(table.metadata).fields.map(field => field.name)
}

function idOf(table: Table, name: string): number | undefined {
  return currentSchema(table.metadata).fields.find(field => field.name === name)?.id
}

function codes(plan: Plan): string[] {
  return plan.changes.map(change => change.code)
}

const mine: ColumnDeclaration = { name: 'mine', type: 'string', from: '/mine' }

describe('creating', () => {
  test('makes every column of the declaration, a row key, the partitions and the order', async () => {
    const { action, before, after, table } = await apply(builtinDeclaration(9))
    expect({ action, before, after }).toEqual({
      action: 'create',
      before: null,
      after: { schemaId: 0, release: 9, rows: 0 },
    })
    expect(names(table)).toEqual(builtinDeclaration(9).columns.map(column => column.name))
    const { metadata } = await catalog.load()
    expect(metadata['partition-specs'][0]?.fields).toMatchObject([
      { name: 'session_id_bucket_16', transform: 'bucket[16]', 'source-id': idOf(table, 'session_id') },
    ])
    const key = ['session_id', 'part_id'].map(name => idOf(table, name))
    expect(currentSchema(metadata)['identifier-field-ids']).toEqual(key.sort((a, b) => Number(a) - Number(b)))
    expect(metadata['format-version']).toBe(2)
  })

  test('writes down what was applied, as evolution 1', async () => {
    const { table } = await apply(builtinDeclaration(9))
    const { properties } = table.metadata
    expect(readApplied(properties)).toMatchObject({
      release: 9,
      schemaId: 0,
      declarationFingerprint: fingerprint(builtinDeclaration(9)),
    })
    expect(readEvolutions(properties)).toMatchObject([{ n: 1, from: null, to: { release: 9, schema: 0 }, changes: [] }])
    expect(properties).toMatchObject({
      'commit.retry.num-retries': '20',
      'write.metadata.previous-versions-max': '20',
      'write.metadata.delete-after-commit.enabled': 'true',
    })
  })
})

describe('a second apply of the same declaration', () => {
  test('writes nothing: no file is added, removed or changed', async () => {
    const created = await apply(withColumns(9, mine))
    const before = await contentsOf(directory)
    const again = await apply(withColumns(9, mine))
    expect({ action: again.action, verdict: again.plan.verdict }).toEqual({ action: 'none', verdict: 'current' })
    expect(again.table.version).toBe(created.table.version)
    expect(again.before).toEqual(again.after)
    expect(await contentsOf(directory)).toEqual(before)
    expect(commits).toEqual([])
  })
})

describe('evolving', () => {
  test('each release follows the one before in place, but for 5 to 6', async () => {
    await apply(builtinDeclaration(4))
    const five = await apply(builtinDeclaration(5))
    expect({ action: five.action, from: five.before?.release, to: five.after.release }).toEqual({
      action: 'evolve',
      from: 4,
      to: 5,
    })
    expect(new Set(codes(five.plan))).toEqual(new Set(['AD101']))
  })

  test('from 6 over 7 and 8 to 9 keeps ids and uuid, and puts new columns where they are declared', async () => {
    const six = await apply(builtinDeclaration(6))
    const idsOfSix = new Map(currentSchema(six.table.metadata).fields.map(field => [field.name, field.id]))
    let last = six.table.metadata['last-column-id']
    for (const [index, release] of [7, 8, 9].entries()) {
      const { action, table, before, after } = await apply(builtinDeclaration(release))
      expect({ action, before: before?.release, after: after.release }).toEqual({
        action: 'evolve',
        before: release - 1,
        after: release,
      })
      expect(names(table)).toEqual(builtinDeclaration(release).columns.map(column => column.name))
      expect(table.metadata['table-uuid']).toBe(six.table.metadata['table-uuid'])
      expect(table.version).toBe(index + 2)
      for (const [name, id] of idsOfSix) expect([name, idOf(table, name)]).toEqual([name, id])
      const added = currentSchema(table.metadata).fields.filter(field => field.id > last)
      expect(added).toHaveLength(
        builtinDeclaration(release).columns.length - builtinDeclaration(release - 1).columns.length,
      )
      expect(table.metadata['last-column-id']).toBe(last + added.length)
      last += added.length
    }
    // Release 7 brought columns in the middle of the list.
    const { columns } = builtinDeclaration(7)
    const at = columns.findIndex(column => column.since === 7)
    expect(at).toBeGreaterThan(0)
    expect(at).toBeLessThan(columns.length - 3)
  })

  test('is one commit: schema, what was applied, and three assertions', async () => {
    const { table: created } = await apply(builtinDeclaration(8))
    const { table } = await apply(withColumns(9, mine))
    expect(table.version).toBe(created.version + 1)
    expect(commits).toHaveLength(1)
    const [commit] = commits
    expect(commit?.requirements).toEqual([
      { type: 'assert-table-uuid', uuid: created.metadata['table-uuid'] },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': created.metadata['last-column-id'] },
      { type: 'assert-current-schema-id', 'current-schema-id': 0 },
    ])
    expect(commit?.updates.map(update => update.action)).toEqual(['add-schema', 'set-current-schema', 'set-properties'])
    expect(readApplied(table.metadata.properties)).toMatchObject({
      release: 9,
      schemaId: 1,
      declarationFingerprint: fingerprint(withColumns(9, mine)),
    })
    expect(table.metadata['current-schema-id']).toBe(1)
  })

  test('counts: each leaves a record of its own with what it changed', async () => {
    await apply(builtinDeclaration(7))
    await apply(builtinDeclaration(8))
    await apply(builtinDeclaration(8))
    const { table } = await apply(withColumns(8, mine))
    const evolutions = readEvolutions(table.metadata.properties)
    expect(
      evolutions.map(({ n, from, to }) => ({ n, from: from?.release, to: to.release, schema: to.schema })),
    ).toEqual([
      { n: 1, from: undefined, to: 7, schema: 0 },
      { n: 2, from: 7, to: 8, schema: 1 },
      { n: 3, from: 8, to: 8, schema: 2 },
    ])
    expect(evolutions[2]).toMatchObject({
      changes: [{ code: 'AD101', path: 'mine', change: 'optional string' }],
      hyp: systemClock.version,
      fingerprint: fingerprint(withColumns(8, mine)),
    })
  })
})

describe('a column of the user', () => {
  test('is added with a new id; taken out of the declaration it stays, and nothing is written', async () => {
    const created = await apply(builtinDeclaration(9))
    const added = await apply(withColumns(9, mine))
    expect(added.action).toBe('evolve')
    expect(idOf(added.table, 'mine')).toBe(created.table.metadata['last-column-id'] + 1)
    const before = await contentsOf(directory)
    const removed = await apply(builtinDeclaration(9))
    expect(removed.action).toBe('none')
    expect(removed.plan.changes).toMatchObject([{ code: 'TO301', kind: 'tolerated', path: 'mine' }])
    expect(await contentsOf(directory)).toEqual(before)
    const again = await apply(withColumns(9, mine))
    expect({ action: again.action, id: idOf(again.table, 'mine') }).toEqual({
      action: 'none',
      id: idOf(added.table, 'mine'),
    })
  })

  test('keeps its values through a release that adds columns and does not name it', async () => {
    await apply(withColumns(8, mine))
    const { table } = await apply(builtinDeclaration(9))
    expect(names(table)).toContain('mine')
    expect(names(table)).toContain('input_tokens')
  })
})

describe('a refused apply', () => {
  test.each([6, 7, 9])(
    'from release 5 to %i names partition, row key and the new required column, and writes nothing',
    async release => {
      await apply(builtinDeclaration(4))
      await apply(builtinDeclaration(5))
      const before = await contentsOf(directory)
      const error = await refusal(builtinDeclaration(release))
      expect(error.code).toBe('SCHEMA_BREAKING')
      expect(error.plan.action).toBe('refuse')
      expect(error.plan.changes.filter(change => change.kind === 'breaking')).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ code: 'BR205' }),
          expect.objectContaining({ code: 'BR206' }),
          expect.objectContaining({ code: 'BR201', path: 'session_id' }),
        ]),
      )
      expect(await contentsOf(directory)).toEqual(before)
    },
  )

  test('from release 4 to 6 writes nothing, and release 5 can be applied afterwards', async () => {
    await apply(builtinDeclaration(4))
    const before = await contentsOf(directory)
    const error = await refusal(builtinDeclaration(6))
    expect(error.code).toBe('SCHEMA_BREAKING')
    expect(error.message).toContain('BR205')
    expect(await contentsOf(directory)).toEqual(before)
    expect((await apply(builtinDeclaration(5))).action).toBe('evolve')
  })

  test('of an older release on a newer table writes nothing', async () => {
    await apply(builtinDeclaration(9))
    const before = await contentsOf(directory)
    const error = await refusal(builtinDeclaration(8))
    expect(error).toMatchObject({ code: 'STORE_NEWER', plan: { verdict: 'newer', action: 'refuse', changes: [] } })
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('is one whose plan is not the expected one; the expected one is applied', async () => {
    const created = await apply(builtinDeclaration(8))
    const stale = planTable(builtinDeclaration(9), created.table).id
    await apply(withColumns(8, mine))
    const before = await contentsOf(directory)
    const error = await refusal(builtinDeclaration(9), stale)
    expect(error.code).toBe('PLAN_CHANGED')
    expect(error.plan.id).not.toBe(stale)
    expect(await contentsOf(directory)).toEqual(before)
    expect((await apply(builtinDeclaration(9), error.plan.id)).action).toBe('evolve')
  })

  test('is one that expects a table where there is none', async () => {
    expect((await refusal(builtinDeclaration(9), 'anything')).code).toBe('PLAN_CHANGED')
    expect(await contentsOf(directory)).toEqual(new Map())
  })
})

describe('two at once', () => {
  /** A catalog that lets somebody else commit between its first look and its first commit. */
  function interrupted(by: () => Promise<unknown>): Catalog {
    let done = false
    const once = async (): Promise<void> => {
      if (done) return
      done = true
      await by()
    }
    return {
      load: () => catalog.load(),
      create: async commit => {
        await once()
        return catalog.create(commit)
      },
      commit: async (base, commit) => {
        await once()
        return catalog.commit(base, commit)
      },
    }
  }

  const theirs: ColumnDeclaration = { name: 'theirs', type: 'int' }

  test('with different columns: whoever is second plans again, and both columns are there under different ids', async () => {
    await apply(builtinDeclaration(9))
    const receipt = await apply(
      withColumns(9, mine),
      undefined,
      interrupted(() => apply(withColumns(9, theirs))),
    )
    expect(receipt.action).toBe('evolve')
    expect(names(receipt.table)).toEqual(expect.arrayContaining(['mine', 'theirs']))
    expect(idOf(receipt.table, 'mine')).toBe(Number(idOf(receipt.table, 'theirs')) + 1)
    expect(receipt.table.version).toBe(3)
    expect(readEvolutions(receipt.table.metadata.properties).map(({ n }) => n)).toEqual([1, 2, 3])
  })

  test('with the same column: whoever is second finds it done', async () => {
    await apply(builtinDeclaration(9))
    const receipt = await apply(
      withColumns(9, mine),
      undefined,
      interrupted(() => apply(withColumns(9, mine))),
    )
    expect({ action: receipt.action, version: receipt.table.version }).toEqual({ action: 'none', version: 2 })
  })

  test('with columns that do not go together: whoever is second is refused', async () => {
    await apply(builtinDeclaration(9))
    const other = withColumns(9, { ...mine, type: 'int' })
    const race = apply(
      withColumns(9, mine),
      undefined,
      interrupted(() => apply(other)),
    )
    await expect(race).rejects.toMatchObject({ code: 'SCHEMA_BREAKING' })
    expect((await catalog.load()).version).toBe(2)
  })

  test('that create: whoever is second uses the table of the first', async () => {
    let first: Receipt | undefined
    const second = await apply(
      withColumns(9, mine),
      undefined,
      interrupted(async () => {
        first = await apply(builtinDeclaration(9))
      }),
    )
    expect(second.action).toBe('evolve')
    expect(second.table.metadata['table-uuid']).toBe(first?.table.metadata['table-uuid'])
  })

  test('is no excuse for a plan that was not expected', async () => {
    const { table } = await apply(builtinDeclaration(9))
    const expected = planTable(withColumns(9, mine), table).id
    const race = apply(
      withColumns(9, mine),
      expected,
      interrupted(() => apply(withColumns(9, theirs))),
    )
    await expect(race).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    expect(names(await catalog.load())).not.toContain('mine')
  })

  test('a commit that never succeeds is given up with what the last try met', async () => {
    const created = await apply(builtinDeclaration(9))
    const { properties } = created.table.metadata
    let tries = 0
    const unlucky: Catalog = {
      ...catalog,
      load: async () => {
        const table = await catalog.load()
        return {
          ...table,
          metadata: { ...table.metadata, properties: { ...properties, 'commit.retry.num-retries': '0' } },
        }
      },
      commit: async (base, commit) => {
        tries++
        return catalog.commit({ ...base, version: base.version - 1 }, commit)
      },
    }
    await expect(apply(withColumns(9, mine), undefined, unlucky)).rejects.toMatchObject({ code: 'COMMIT_CONFLICT' })
    expect(tries).toBe(1)
  })
})
