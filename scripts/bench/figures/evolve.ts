import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { printMetadata } from '../../../src/iceberg/metadata.ts'
import { publish, syncDirectory } from '../durable.ts'
import type { Figure, Reading } from '../figure.ts'
import { withFolder } from '../scratch.ts'
import { apply, declared, withColumns, withSnapshots } from '../tables.ts'
import { interleaved, median, ms } from '../timing.ts'

const rounds = 200

export const evolve: Figure = {
  name: 'evolve',
  about: 'Adding an optional column to the table, durably, against the bare durable write of the same metadata file',
  method: [
    'Ours is `applyTable`, from loading the table to the durable commit, in a warm process.',
    'The floor is what such a commit needs at least, by plain `node:fs/promises`: write a temporary file with the very',
    'bytes of the new metadata, `fsync`, `link` to the new name, `unlink`, `fsync` of the directory.',
    'The same by blocking calls is given for comparison: a daemon that answers meanwhile cannot use them.',
    `Medians of ${rounds} interleaved runs; between two runs the new version is removed, durably.`,
  ],
  measure: async () => [...(await against(1)), ...(await against(100))],
}

function against(snapshots: number): Promise<Reading[]> {
  return withFolder(async folder => {
    const { table } = await apply(join(folder, 'origin'), declared)
    const wanted = withColumns('stop_reason')
    const directory = join(folder, 'table')
    const ours = join(directory, 'metadata')
    const bare = join(folder, 'bare')
    for (const path of [ours, bare]) mkdirSync(path, { recursive: true })
    writeFileSync(join(ours, 'v1.metadata.json'), printMetadata(withSnapshots(table, snapshots)))
    await apply(directory, wanted)
    const bytes = readFileSync(join(ours, 'v2.metadata.json'))
    const samples = await interleaved(rounds, [
      {
        prepare: () => takeBack(ours),
        run: async () => {
          const { action } = await apply(directory, wanted)
          if (action !== 'evolve') throw new Error(`nothing was evolved: ${action}`)
        },
      },
      { prepare: () => takeBack(bare), run: () => publish(bare, bytes) },
      { prepare: () => takeBack(bare), run: async () => publishBlocking(bare, bytes) },
    ])
    const [evolving = 0, writing = 0, blocking = 0] = samples.map(median)
    const size = `${snapshots} ${snapshots === 1 ? 'snapshot' : 'snapshots'}, ${Math.round(bytes.byteLength / 1024)} KB of metadata`
    return [
      {
        what: size,
        value: evolving / writing,
        unit: '×',
        atMost: 3,
        from: `${ms(evolving)} against ${ms(writing)}`,
      },
      {
        what: `${size}: against blocking calls`,
        value: evolving / blocking,
        unit: '×',
        from: `${ms(evolving)} against ${ms(blocking)}`,
      },
    ]
  })
}

async function takeBack(directory: string): Promise<void> {
  rmSync(join(directory, 'v2.metadata.json'), { force: true })
  syncDirectory(directory)
}

function publishBlocking(directory: string, bytes: Uint8Array): void {
  const temporary = join(directory, 'new.tmp')
  const file = openSync(temporary, 'wx', 0o600)
  writeSync(file, bytes)
  fsyncSync(file)
  closeSync(file)
  linkSync(temporary, join(directory, 'v2.metadata.json'))
  unlinkSync(temporary)
  syncDirectory(directory)
}
