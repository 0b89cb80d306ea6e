import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect, test } from 'vitest'
import { randomFrom } from '../../scripts/make-history/random.ts'
import type { Row } from '../../src/iceberg/types.ts'
import { type SourceName, sourceNames, sources } from '../../src/sources/catalogue.ts'
import type { HistoryFile, ReadPoint, SourceReader } from '../../src/sources/source.ts'
import { madeHistory } from '../support/made-history.ts'

/*
 * Files that grow while they are watched: read in pieces, they have to give what they give as a whole.
 */

interface Piece {
  readonly rows: readonly Row[]
  readonly end: ReadPoint | undefined
}

async function readOn(reader: SourceReader, file: HistoryFile, from?: ReadPoint): Promise<Piece> {
  const read = reader.read(file, { from })
  const rows: Row[] = []
  for await (const captured of read.captured) rows.push(...captured.map(({ row }) => row))
  return { rows, end: read.end }
}

/** Makes a file be as long as it once was; its time stays what it will be. */
function grownTo({ path }: HistoryFile, content: Uint8Array, bytes: number): void {
  const { atime, mtime } = statSync(path)
  writeFileSync(path, content.subarray(0, bytes))
  utimesSync(path, atime, mtime)
}

test.each(sourceNames)(
  'a file of %s gives the same rows however often it was read while it grew',
  async (source: SourceName) => {
    const sizes = source === 'claude' ? { claude: 1 << 20, claudeFiles: 30 } : { codex: 1 << 20, codexFiles: 30 }
    const made = await madeHistory({ ...sizes, seed: 5, traps: true })
    const where = { home: '/nowhere', env: {}, directory: made[source] }
    const files = (await sources[source].find(where)).flatMap(history => history.files)
    const random = randomFrom('pieces')
    let pieces = 0
    for (const file of files) {
      const whole = await readOn(sources[source].open(where), file)
      if (whole.end === undefined) continue
      const content = readFileSync(file.path)
      const cuts = Array.from({ length: 3 }, () => random.between(0, content.length + 1)).sort((a, b) => a - b)
      const reader = sources[source].open(where)
      const rows: Row[] = []
      let from: ReadPoint | undefined
      for (const cut of [...cuts, content.length]) {
        grownTo(file, content, cut)
        const piece = await readOn(reader, file, from)
        rows.push(...piece.rows)
        from = piece.end
        pieces++
      }
      expect(rows, relative(made.directory, file.path)).toEqual(whole.rows)
      expect({ offset: from?.offset, line: from?.line }).toEqual({ offset: whole.end.offset, line: whole.end.line })
    }
    expect(pieces).toBeGreaterThan(100)
  },
)
