import { open, readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { gunzipSync } from 'node:zlib'
import { icebergRead } from 'icebird'
import { localPath, pathBelow } from '../../iceberg/catalog/location.ts'
import { parseJson } from '../../iceberg/json.ts'
import type { IcebirdAnswer, IcebirdTask } from './icebird.ts'
import { rowDigest } from './row-digest.ts'

/*
 * icebird reads over `fetch` only, and Node's `fetch` knows no files. In a
 * thread of its own `fetch` can be another function without anybody noticing.
 */

const { metadataFile, tableLocation, directory, fields, rows } = workerData as IcebirdTask

/** icebird asks for what is in S3 by its web address. */
const bases = [tableLocation, tableLocation.replace(/^s3a?:\/\/([^/]+)/, 'https://$1.s3.amazonaws.com')]

const insides = bases.map(pathBelow)

function pathOf(url: string): string {
  const inside = insides.map(below => below(url)).find(found => found !== undefined)
  return inside === undefined ? localPath(url) : `${directory}/${inside}`
}

globalThis.fetch = async (input, init): Promise<Response> => {
  const path = pathOf(input instanceof Request ? input.url : input.toString())
  const range = /^bytes=(\d+)-(\d*)$/.exec(new Headers(init?.headers).get('range') ?? '')
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const start = range === null ? 0 : Number(range[1])
    const end = range?.[2] ? Math.min(size, Number(range[2]) + 1) : size
    const bytes = Buffer.alloc(end - start)
    await handle.read(bytes, 0, bytes.byteLength, start)
    return new Response(bytes, {
      status: range === null ? 200 : 206,
      headers: { 'content-length': String(bytes.byteLength) },
    })
  } finally {
    await handle.close()
  }
}

/** Rows at a time: icebird holds all it reads in memory. */
const step = 5_000

const bytes = await readFile(metadataFile)
const metadata = parseJson((bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8'))
const digest = rowDigest(fields)
for (let rowStart = 0; rowStart < rows; rowStart += step) {
  const read = await icebergRead({
    tableUrl: tableLocation,
    metadata: metadata as never,
    rowStart,
    rowEnd: Math.min(rows, rowStart + step),
  })
  for (const row of read) digest.add(row)
}
const answer: IcebirdAnswer = { rows: digest.rows, digest: digest.value }
parentPort?.postMessage(answer)
