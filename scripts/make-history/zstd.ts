import { rmSync, statSync, utimesSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'

/**
 * Replaces a file by `FILE.zst` with the same time of change. The engine does it: Node has no Zstandard before its
 * version 22.15. The file is held in memory.
 * @param keep leaves the plain file where it is
 */
export async function compress(path: string, keep = false): Promise<string> {
  const compressed = `${path}.zst`
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    await connection.run(
      `COPY (SELECT content FROM read_blob(${quoted(path)})) TO ${quoted(compressed)} (FORMAT blob, COMPRESSION zstd)`,
    )
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
  const { atime, mtime } = statSync(path)
  utimesSync(compressed, atime, mtime)
  if (!keep) rmSync(path)
  return compressed
}
