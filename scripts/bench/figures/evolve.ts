import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { printMetadata } from '../../../src/iceberg/metadata.ts'
import type { Figure, Reading } from '../figure.ts'
import { withFolder } from '../scratch.ts'
import { apply, declared, withColumns, withSnapshots } from '../tables.ts'
import { medians, ms } from '../timing.ts'

const rounds = 100

export const evolve: Figure = {
  name: 'evolve',
  about: 'Adding an optional column to the table, durably, against the bare durable write of the same metadata file',
  method: [
    'Ours is `applyTable` from loading the table to the durable commit, in a warm process.',
    'The floor is what a commit needs at least, by plain synchronous `node:fs`: write a temporary file with the very',
    'bytes of the new metadata, `fsync`, `link` to the new name, `unlink`, `fsync` of the directory.',
    `Medians of ${rounds} interleaved runs, each on a fresh table.`,
  ],
  measure: async () => [await against(1), await against(100)],
}

function against(snapshots: number): Promise<Reading> {
  return withFolder(async folder => {
    const { table } = await apply(join(folder, 'origin'), declared)
    const base = printMetadata(withSnapshots(table, snapshots))
    const wanted = withColumns('stop_reason')
    let run = 0
    let directory = ''
    let bytes: Uint8Array = base
    const fresh = (): void => {
      directory = join(folder, String(++run))
      mkdirSync(join(directory, 'metadata'), { recursive: true })
    }
    // What preparing left in memory would else be made durable, and paid for, by whoever syncs next.
    const settle = (): void => void spawnSync('sync', ['-f', folder])
    const [ours, floor] = await medians(
      rounds,
      {
        prepare: async () => {
          fresh()
          writeFileSync(join(directory, 'metadata', 'v1.metadata.json'), base)
          settle()
        },
        run: async () => {
          const receipt = await apply(directory, wanted)
          if (receipt.action !== 'evolve') throw new Error(`nothing was evolved: ${receipt.action}`)
        },
        clean: async () => {
          bytes = readFileSync(join(directory, 'metadata', 'v2.metadata.json'))
        },
      },
      {
        prepare: async () => {
          fresh()
          settle()
        },
        run: async () => publishBare(join(directory, 'metadata'), bytes),
      },
    )
    return {
      what: `at ${snapshots} ${snapshots === 1 ? 'snapshot' : 'snapshots'} (${Math.round(bytes.byteLength / 1024)} KB of metadata)`,
      value: ours / floor,
      unit: '×',
      atMost: 3,
      from: `${ms(ours)} against ${ms(floor)}`,
    }
  })
}

function publishBare(directory: string, bytes: Uint8Array): void {
  const temporary = join(directory, 'new.tmp')
  const file = openSync(temporary, 'wx', 0o600)
  writeSync(file, bytes)
  fsyncSync(file)
  closeSync(file)
  linkSync(temporary, join(directory, 'v2.metadata.json'))
  unlinkSync(temporary)
  const names = openSync(directory, 'r')
  fsyncSync(names)
  closeSync(names)
}
