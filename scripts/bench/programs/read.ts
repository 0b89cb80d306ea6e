import { open } from 'node:fs/promises'
import { type SourceName, sources } from '../../../src/sources/catalogue.ts'
import type { HistoryFile } from '../../../src/sources/source.ts'
import { peakMegabytes, say, taskOf } from '../program.ts'

/*
 * Reads a history and keeps nothing: what its reader costs by itself, and the
 * bytes alone.
 */

export interface ReadTask {
  readonly source: SourceName
  /** The client's directory. */
  readonly directory: string
  readonly rounds: number
}

export interface ReadAnswer {
  /** Milliseconds of each round: by the reader, and of the bytes alone. */
  readonly ms: readonly (readonly [reader: number, bytes: number])[]
  /** Bytes as they lie on the disk, and rows, of one round. */
  readonly bytes: number
  readonly rows: number
  readonly peakMegabytes: number
}

const chunkBytes = 1 << 20
const { source, directory, rounds } = taskOf() as ReadTask
const where = { home: directory, env: {}, directory }
const files = (await sources[source].find(where)).flatMap(history => history.files)
const ms: [number, number][] = []
let rows = 0
for (let round = 0; round < rounds; round++) {
  const reader = await timed(byReader)
  ms.push([reader, await timed(byBytes)])
}
const bytes = files.reduce((sum, { size }) => sum + size, 0)
say({ ms, bytes, rows, peakMegabytes: peakMegabytes() } satisfies ReadAnswer)

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function byReader(): Promise<void> {
  rows = 0
  const reader = sources[source].open(where)
  for (const file of files) {
    const read = reader.read(file)
    for await (const captured of read.captured) rows += captured.length
  }
}

async function byBytes(): Promise<void> {
  for (const file of files) await readThrough(file)
}

async function readThrough({ path, size }: HistoryFile): Promise<void> {
  const handle = await open(path)
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let at = 0; at < size; at += chunkBytes) await handle.read(buffer, 0, chunkBytes, at)
  await handle.close()
}
