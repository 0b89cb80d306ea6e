import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

/** These bytes under zstd as another program writes it: Node has none before version 22. */
export async function zstdCompressed(content: string | Uint8Array): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'hyp-zstd-'))
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await writeFile(join(directory, 'plain'), content)
    await connection.run(
      `COPY (SELECT content FROM read_blob('${join(directory, 'plain')}')) TO '${join(directory, 'zst')}' (FORMAT BLOB, COMPRESSION zstd)`,
    )
    return await readFile(join(directory, 'zst'))
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Some random words under zstd, with four bytes changed: the decompressor never comes to their end. */
export const endlessZstd: Uint8Array = Buffer.from(
  'KLUv/QBYlQgA1p1DEPB3GHzLsnczgrSEDEMnk4vgAD4APgCXSJqssytE3jVWuN2IlNa4ew5XDYbUrVJYWtYCpF1JQIUOS5mdycpiWl6yCcSEK4Hr' +
    'PuG9LwsujoS7nKDExYCPPJ+FPLWFog75lHRAS8UZ7cMQ3cCGzoZIhhvFwiVroY9weOSzTPmQDF9RKjeja9UtaRnN4gbILNBX8US+AQtgwHjsVZPU' +
    'fkwRAxAyiNxulKeszNpOiqJelHzQBNyNihFlt2QA7iCcYwQwyncovGSmV5pXdYDAqzbtxRwSaY3Q7ASVGlGsl55CsIZgHmMkdORTRvMTK9ZMxAaR' +
    '7qZnRzvOsHWxfKgukJeh1HYDsAaMh4MtiXZqIhszAA==',
  'base64',
)
