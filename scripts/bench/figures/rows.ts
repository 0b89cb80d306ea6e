import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appendOnce } from '../../../src/ingest/keys/append-once.ts'
import { rowKey } from '../../../src/ingest/keys/row-key.ts'
import { systemContext } from '../../../src/stores/table/catalog.ts'
import type { Figure } from '../figure.ts'
import { millionRows } from '../million.ts'
import { rowsFrom } from '../rows.ts'
import { withFolder } from '../scratch.ts'
import { apply, catalogAt, declared, restorer, withColumns } from '../tables.ts'
import { medians, ms } from '../timing.ts'

const rounds = 50

export const rows: Figure = {
  name: 'rows',
  about: 'Adding an optional column to a table of 1 000 000 rows, against one of 10 rows',
  method: [
    'Both tables have every column of release 9 and were filled by `appendOnce`; the large one in 20 commits, which is',
    'why its metadata is larger. `applyTable` in a warm process, from loading to the durable commit;',
    `medians of ${rounds} interleaved runs, between which the new version is removed.`,
  ],
  measure: () =>
    withFolder(async folder => {
      const small = join(folder, 'small')
      await mkdir(small)
      await apply(small, declared)
      const catalog = catalogAt(small)
      await appendOnce(
        catalog,
        await catalog.load(),
        rowsFrom(0, 10, { text: 40, perSession: 60 }),
        rowKey(declared.identifier),
        systemContext,
      )
      const evolving = async (
        directory: string,
      ): Promise<{ run: () => Promise<void>; clean: () => Promise<void> }> => ({
        run: async () => {
          const { action, after } = await apply(directory, withColumns('stop_reason'))
          if (action !== 'evolve') throw new Error(`nothing was evolved: ${action} at ${after.rows} rows`)
        },
        clean: await restorer(directory),
      })
      const [large, few] = await medians(rounds, await evolving(await millionRows()), await evolving(small))
      return [
        {
          what: '1 000 000 rows against 10',
          value: large / few,
          unit: '×',
          atMost: 1.3,
          from: `${ms(large)} against ${ms(few)}`,
        },
      ]
    }),
}
