import { join } from 'node:path'
import { expect, test } from 'vitest'
import { layHistory } from '../../src/cli/demo/history.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { backfill } from '../../src/ingest/backfill/backfill.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { apply, openTable, systemClock } from '../support/crash-table.ts'
import { dataPath, describeWithData } from '../support/data.ts'
import { describeWithEngines, expectSameEverywhere } from '../support/foreign.ts'
import { temporaryFolder } from '../support/table.ts'

/*
 * The table of the product itself, as each of its steps leaves it, read by
 * engines that know nothing of it. The home's path has a space and an ü.
 */

const ownColumn = { name: 'stop_reason', type: 'string', from: '/message/stop_reason' } as const

/** The declaration of a release with a column of the user's. */
function withOwnColumn(release: number): Declaration {
  const base = builtinDeclaration(release)
  return { ...base, columns: [...base.columns, ownColumn] }
}

interface ProductTable {
  readonly directory: string
  step(declaration: Declaration): Promise<void>
  load(declaration: Declaration, claude: string): Promise<number>
}

async function productTable(): Promise<ProductTable> {
  const directory = join(await temporaryFolder(), 'höme of a user', 'ai_gateway_messages')
  const catalog = openTable(localFileIO, directory, systemClock)
  return {
    directory,
    step: async declaration => void (await apply(catalog, directory, declaration, systemClock)),
    load: async (declaration, claude) => {
      const options = {
        request: { source: 'claude' },
        where: { home: '/nowhere', env: { CLAUDE_CONFIG_DIR: claude } },
        catalog,
        declaration,
        tableDirectory: directory,
        context: systemClock,
      } as const
      const { rows } = await backfill({ ...options, onEvent: () => undefined })
      return rows
    },
  }
}

/** icebird knows no table without a snapshot; packages.md tells, and deviations.test.ts shows it. */
const emptyTable = { skip: ['icebird'] } as const

describeWithEngines('every engine sees what hyp sees', () => {
  test('from the empty table of release 4 over the evolution to 5 to a column of the user, with rows at every step', async () => {
    const { claude, goOn } = await layHistory(await temporaryFolder(), 'dist/demo')
    const table = await productTable()
    await table.step(builtinDeclaration(4))
    await expectSameEverywhere(table.directory, emptyTable)
    expect(await table.load(builtinDeclaration(4), claude)).toBe(85)
    await expectSameEverywhere(table.directory)
    await table.step(builtinDeclaration(5))
    await expectSameEverywhere(table.directory)
    await table.step(withOwnColumn(5))
    await expectSameEverywhere(table.directory)
    await goOn()
    expect(await table.load(withOwnColumn(5), claude)).toBe(17)
    await expectSameEverywhere(table.directory)
  })

  test('from release 6 over columns in mid-list to 9', async () => {
    const { claude, goOn } = await layHistory(await temporaryFolder(), 'dist/demo')
    const table = await productTable()
    await table.step(builtinDeclaration(6))
    await expectSameEverywhere(table.directory, emptyTable)
    await table.load(builtinDeclaration(6), claude)
    for (const release of [7, 8, 9]) {
      await table.step(builtinDeclaration(release))
      await expectSameEverywhere(table.directory)
    }
    await goOn()
    expect(await table.load(builtinDeclaration(9), claude)).toBe(17)
    await expectSameEverywhere(table.directory)
  })
})

describeWithData('with real histories', () => {
  describeWithEngines('every engine sees what hyp sees', () => {
    test('before and after a column of the user', async () => {
      const table = await productTable()
      await table.step(builtinDeclaration(9))
      expect(await table.load(builtinDeclaration(9), dataPath('agent-home/.claude'))).toBeGreaterThan(4_000)
      await expectSameEverywhere(table.directory)
      await table.step(withOwnColumn(9))
      await expectSameEverywhere(table.directory)
    })
  })
})
