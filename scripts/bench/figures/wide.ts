import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { printMetadata } from '../../../src/iceberg/metadata.ts'
import type { TableMetadata } from '../../../src/iceberg/types.ts'
import { applyUpdates } from '../../../src/iceberg/updates/index.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../../src/schema/declaration.ts'
import { stageEvolution } from '../../../src/schema/evolve.ts'
import { planTable } from '../../../src/schema/plan.ts'
import { publish, syncDirectory } from '../durable.ts'
import type { Figure, Reading } from '../figure.ts'
import { withFolder } from '../scratch.ts'
import { apply } from '../tables.ts'
import { interleaved, median, ms } from '../timing.ts'

const columns = 2000
const schemas = 50
const rounds = 30

export const wide: Figure = {
  name: 'wide',
  about: `Planning and evolving a table of ${columns} columns with ${schemas} schemas in its metadata`,
  method: [
    `The table has ${columns} columns, every tenth a struct, a list or a map, and came to them by ${schemas - 1} evolutions`,
    'of one column each. Evolve is `applyTable`, which adds one more, in a warm process, from loading to the durable',
    'commit. The floor takes the same bytes through `JSON.parse` and `JSON.stringify`, which knows neither 64-bit integers',
    'nor a schema, and writes them durably: temporary file, `fsync`, `link`, `unlink`, `fsync` of the directory.',
    'Plan is `planTable` on loaded metadata, with the change pending.',
    `Medians of ${rounds} interleaved runs; between two runs the new version is removed, durably.`,
  ],
  measure: () =>
    withFolder(async folder => {
      const { table } = await apply(join(folder, 'origin'), declaration(columns - schemas + 1))
      const metadata = withEvolutions(table.metadata)
      const wanted = declaration(columns + 1)
      const ours = join(folder, 'table', 'metadata')
      const bare = join(folder, 'bare')
      for (const path of [ours, bare]) mkdirSync(path, { recursive: true })
      const base = printMetadata(metadata)
      writeFileSync(join(ours, 'v1.metadata.json'), base)
      writeFileSync(join(bare, 'v1.metadata.json'), base)
      const samples = await interleaved(rounds, [
        { prepare: () => takeBack(ours), run: () => evolve(join(folder, 'table'), wanted) },
        { prepare: () => takeBack(bare), run: () => floor(bare) },
        { run: async () => void plan(wanted, metadata) },
      ])
      const [evolving = 0, writing = 0, planning = 0] = samples.map(median)
      return readings(evolving, writing, planning, base.byteLength)
    }),
}

function readings(evolving: number, writing: number, planning: number, bytes: number): Reading[] {
  return [
    {
      what: `evolve, ${(bytes / 1e6).toFixed(1)} MB of metadata`,
      value: evolving / writing,
      unit: '×',
      atMost: 3,
      from: `${ms(evolving)} against ${ms(writing)}`,
    },
    { what: 'plan', value: planning, unit: ' ms', atMost: 50 },
  ]
}

/** A declaration of so many columns; a longer one begins like a shorter one. */
function declaration(count: number): Declaration {
  const declared: ColumnDeclaration[] = Array.from({ length: count }, (_, index) => ({
    name: `column_${index}`,
    type: typeOf(index),
    ...(index === 0 ? { required: true } : {}),
    doc: `What column ${index} means, in a sentence as long as such sentences are.`,
  }))
  return {
    table: 'wide',
    release: 1,
    columns: declared,
    identifier: ['column_0'],
    partitionBy: [{ column: 'column_0', transform: 'bucket[16]' }],
    sortBy: ['column_0'],
  }
}

function typeOf(index: number): DeclaredType {
  const plain = ['string', 'long', 'timestamptz', 'double', 'boolean'][index % 5] as string
  if (index % 10 !== 9) return plain
  const struct: DeclaredType = {
    type: 'struct',
    fields: [
      { name: 'a', type: plain },
      { name: 'b', type: 'string' },
    ],
  }
  return index % 30 === 9
    ? struct
    : index % 30 === 19
      ? { type: 'list', element: struct }
      : { type: 'map', key: 'string', value: struct }
}

function withEvolutions(created: TableMetadata): TableMetadata {
  let metadata = created
  for (let count = columns - schemas + 2; count <= columns; count++) {
    const wanted = declaration(count)
    const change = stageEvolution(plan(wanted, metadata), wanted, metadata, {
      at: new Date().toISOString(),
      ms: 1,
      hyp: 'bench',
    })
    metadata = applyUpdates(metadata, change.updates, { nowMs: Date.now() })
  }
  if (metadata.schemas.length !== schemas) throw new Error(`${metadata.schemas.length} schemas`)
  return metadata
}

function plan(wanted: Declaration, metadata: TableMetadata): ReturnType<typeof planTable> {
  const made = planTable(wanted, { metadata, version: 1 })
  if (made.action !== 'evolve') throw new Error(`nothing is planned: ${made.action}`)
  return made
}

async function evolve(directory: string, wanted: Declaration): Promise<void> {
  const { action } = await apply(directory, wanted)
  if (action !== 'evolve') throw new Error(`nothing was evolved: ${action}`)
}

async function floor(directory: string): Promise<void> {
  const metadata: unknown = JSON.parse(readFileSync(join(directory, 'v1.metadata.json'), 'utf8'))
  await publish(directory, Buffer.from(JSON.stringify(metadata)))
}

async function takeBack(directory: string): Promise<void> {
  rmSync(join(directory, 'v2.metadata.json'), { force: true })
  syncDirectory(directory)
}
