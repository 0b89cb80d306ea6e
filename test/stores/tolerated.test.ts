import { expect, test } from 'vitest'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Field } from '../../src/iceberg/types.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { planTable } from '../../src/schema/plan.ts'
import { applyTable } from '../../src/stores/table/store.ts'
import { openTable, systemClock } from '../support/crash-table.ts'
import { temporaryFolder } from '../support/table.ts'

/*
 * Another program made the table wider or laxer than it is declared. That is
 * tolerated, and must still be so after the next evolution.
 */

const own: ColumnDeclaration = { name: 'stop_reason', type: 'string' }

function withOwn(...columns: readonly ColumnDeclaration[]): Declaration {
  const base = builtinDeclaration(9)
  return { ...base, columns: [...base.columns, ...columns] }
}

test.each([
  ['laxer', 'gateway_id', { required: false }, {}],
  ['wider', 'message_index', { type: 'long' }, { type: 'long' }],
] as const)(
  'a table made %s by another program is planned as tolerated, and stays so when a column is added',
  async (_how, name, change, type) => {
    const directory = await temporaryFolder()
    const catalog = openTable(localFileIO, directory, systemClock)
    const apply = (declaration: Declaration): ReturnType<typeof applyTable> =>
      applyTable({ catalog, declaration, location: tableLocation(directory), context: systemClock })
    const table = (await apply(withOwn())).table
    const schema = currentSchema(table.metadata)
    const fields = schema.fields.map(field => (field.name === name ? { ...field, ...change } : field))
    const changed = await catalog.commit(table, {
      requirements: [],
      updates: [
        { action: 'add-schema', schema: { ...schema, fields } },
        { action: 'set-current-schema', 'schema-id': -1 },
      ],
    })
    const plan = planTable(withOwn(own), changed)
    expect(plan.changes.map(({ code, path, origin }) => [code, path, origin])).toEqual([
      ['AD101', 'stop_reason', 'pending'],
      ['TO302', name, 'drift'],
    ])
    const { table: after } = await apply(withOwn(own))
    const field = currentSchema(after.metadata).fields.find(candidate => candidate.name === name) as Field
    expect(field).toMatchObject({ ...change, ...type })
    expect(currentSchema(after.metadata).fields.at(-1)).toMatchObject({ name: 'stop_reason', required: false })
    expect((await apply(withOwn(own))).action).toBe('none')
  },
)
