import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { loadDeclarations } from '../../src/stores/declared.ts'
import { homeAt } from '../../src/stores/home.ts'
import { adoptTable } from '../../src/stores/table/adopt.ts'
import { applyTables } from '../../src/stores/table/apply-tables.ts'
import { systemContext } from '../../src/stores/table/catalog.ts'
import { describeWithEngines, type Engine, expectSameEverywhere } from '../support/foreign.ts'
import { installForeign } from '../support/foreign-install.ts'
import { catalogAt, readRows, temporaryFolder } from '../support/table.ts'

const run = promisify(execFile)

/** A table that PyIceberg made in a catalog of its own. */
async function pyicebergTable(folder: string): Promise<string> {
  const installed = await installForeign()
  if ('missing' in installed) throw new Error(installed.missing)
  const { stdout } = await run(installed.python, ['test/support/pyiceberg-table.py', join(folder, 'py')])
  return stdout.trim()
}

/** icebird gives members of PyArrow's structs as lists; fastavro only looks at how we lay out manifests, which these are not. */
const skip: readonly Engine[] = ['icebird', 'fastavro']

describeWithEngines('a table that PyIceberg made', () => {
  test('is taken under a declaration, evolved by it, and read by every engine as before and after', async () => {
    const folder = await temporaryFolder()
    const directory = await pyicebergTable(folder)
    const home = homeAt(join(folder, 'home'))
    await mkdir(home.schema, { recursive: true })
    const rows = await readRows(await catalogAt(directory).load())
    expect(rows).toHaveLength(3)

    const request = { target: directory, directory }
    const declarations = await loadDeclarations(home, 9)
    const { plan, notices } = await adoptTable({ home, declarations, request, context: systemContext })
    expect(plan).toMatchObject({ table: 'orders', verdict: 'current', changes: [] })
    expect(notices.map(({ code }) => code)).toEqual(['catalog'])
    await expectSameEverywhere(directory, { skip })

    const file = join(home.schema, 'orders.json')
    const text = await readFile(file, 'utf8')
    expect(text).toContain('"identifier": ["id", "origin.host"]')
    await writeFile(
      file,
      text
        .replace('"name": "port"', '"name": "gate", "renamedFrom": "port"')
        .replace(
          '"name": "region", "type": "string"',
          '"name": "region", "type": "string" }, { "name": "late", "type": "int"',
        ),
    )
    const [, declared] = await loadDeclarations(home, 9)
    const [outcome] = await applyTables({
      home,
      declarations: declared === undefined ? [] : [declared],
      context: systemContext,
    })
    expect(outcome?.result).toMatchObject({ action: 'evolve', kind: 'evolution' })
    await expectSameEverywhere(directory, { skip })
    const renamed = await readRows(await catalogAt(directory).load())
    expect(renamed.map(row => [row['id'], row['origin'], row['late']])).toEqual(
      rows.map(row => {
        const { host, port } = row['origin'] as { host: string; port: number | null }
        return [row['id'], { host, gate: port }, null]
      }),
    )
  })
})
