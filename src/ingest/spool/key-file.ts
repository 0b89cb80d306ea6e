import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { type BatchMeta, encodeKeyFrame } from './frame.ts'
import type { FoundKey } from './key-index.ts'
import { readSummaries } from './read.ts'
import { replaceFile } from './replace-file.ts'
import type { ByteRange } from './salvage.ts'

/** An idempotency key, where it stands, and what stands there. */
export interface KeyFrame extends FoundKey {
  readonly meta: BatchMeta
}

/** The keys in a file of frames, whether these have rows or not. @throws whatever reading throws */
export async function* keysIn(io: FileIO, path: string, range?: ByteRange): AsyncGenerator<KeyFrame> {
  const file = await io.open(path)
  try {
    for await (const { start, meta } of readSummaries(file, range ?? { start: 0, end: file.size }))
      if (meta.key !== undefined) yield { key: meta.key, at: meta.at, path, start, meta }
  } finally {
    await file.close()
  }
}

/** Writes a file of keys and says where they are in it. Its name is durable when the directory is synced. */
export async function writeKeyFile(io: FileIO, path: string, keys: readonly KeyFrame[]): Promise<FoundKey[]> {
  const frames: Uint8Array[] = []
  const places: FoundKey[] = []
  let start = 0
  for (const { key, at, meta } of keys) {
    const frame = encodeKeyFrame(meta)
    frames.push(frame)
    places.push({ key, at, path, start })
    start += frame.byteLength
  }
  await replaceFile(io, path, [Buffer.concat(frames)])
  return places
}
