import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printMetadata } from '../../../src/iceberg/metadata.ts'
import type { Figure } from '../figure.ts'
import { dialogue, pyicebergVersion, pythonWithPyIceberg } from '../python.ts'
import { withFolder } from '../scratch.ts'
import { apply, declared, withColumns, withSnapshots } from '../tables.ts'
import { median, ms } from '../timing.ts'

const rounds = 50
const warmUp = 10
const snapshots = 1000

export const pyiceberg: Figure = {
  name: 'pyiceberg',
  about: `Adding an optional column at ${snapshots} snapshots in the metadata, against PyIceberg doing the same`,
  method: [
    `The rival is PyIceberg ${pyicebergVersion} with \`SqlCatalog\` on SQLite and a warehouse of files:`,
    '`load_table`, `update_schema().add_column`, commit. Ours is `applyTable`, which is durable.',
    'Both are warm processes that start from the same metadata: a table of release 9 to which as many appends are',
    'staged as there are snapshots, without the manifests, which an evolution does not read; PyIceberg gets it by',
    '`register_table`, outside the time.',
    `Medians of ${rounds} interleaved runs, each on a fresh table, each timed inside its own process.`,
  ],
  measure: async () => {
    const python = pythonWithPyIceberg()
    if (typeof python === 'string') return python
    return withFolder(async folder => {
      const { table } = await apply(join(folder, 'origin'), declared)
      const metadata = withSnapshots(table, snapshots)
      const wanted = withColumns('stop_reason')
      const rival = await dialogue(python.program, ['scripts/bench/pyiceberg-evolve.py', folder])
      const ours: number[] = []
      const theirs: number[] = []
      for (let round = -warmUp; round < rounds; round++) {
        const mine = tableIn(join(folder, `hyp${round}`), metadata)
        const start = performance.now()
        const { action } = await apply(mine.directory, wanted)
        const took = performance.now() - start
        if (action !== 'evolve') throw new Error(`nothing was evolved: ${action}`)
        const answer = Number(await rival.ask(tableIn(join(folder, `pyiceberg${round}`), metadata).file))
        if (round < 0) continue
        ours.push(took)
        theirs.push(answer)
      }
      await rival.end()
      return [
        {
          what: `times as fast as PyIceberg (${Math.round(printMetadata(metadata).byteLength / 1024)} KB of metadata)`,
          value: median(theirs) / median(ours),
          unit: '×',
          atLeast: 5,
          from: `${ms(median(ours))} against ${ms(median(theirs))}`,
        },
      ]
    })
  },
}

/** A table of its own with this metadata, whose location is where it is. */
function tableIn(
  directory: string,
  metadata: Parameters<typeof printMetadata>[0],
): { readonly directory: string; readonly file: string } {
  const file = join(directory, 'metadata', 'v1.metadata.json')
  mkdirSync(join(directory, 'metadata'), { recursive: true })
  writeFileSync(file, printMetadata({ ...metadata, location: `file://${directory}` }))
  return { directory, file }
}
