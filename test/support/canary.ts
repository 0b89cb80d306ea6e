import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { decodeAvro } from '../../src/iceberg/avro/decode.ts'

/*
 * Looks for a text in files, also where it is compressed: what a home holds is
 * Parquet, Avro and text.
 */

/** Paths of the files that hold a text in any form. */
export async function filesWith(text: string, files: Iterable<readonly [string, Uint8Array]>): Promise<string[]> {
  const found: string[] = []
  for (const [path, bytes] of files) {
    const raw = Buffer.from(bytes)
    if (path.includes(text) || raw.includes(text) || (await decoded(path, raw)).includes(text)) found.push(path)
  }
  return found.sort()
}

/** Everything that a compressed file says, as text. */
async function decoded(path: string, bytes: Buffer): Promise<string> {
  if (path.endsWith('.parquet')) {
    const file = Uint8Array.from(bytes).buffer
    const said = [parquetMetadata(file), await parquetReadObjects({ file, compressors, utf8: true })]
    return printed(said)
  }
  return path.endsWith('.avro') ? printed(decodeAvro(bytes)) : ''
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner)
    if (inner instanceof Map) return [...(inner as Map<unknown, unknown>)]
    return inner instanceof Uint8Array ? Buffer.from(inner).toString('latin1') : inner
  })
}
