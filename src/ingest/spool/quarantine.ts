import type { FileIO, InputFile } from '../../iceberg/file-io/file-io.ts'
import { ensureDirectory } from './ensure-directory.ts'
import { replaceFile } from './replace-file.ts'
import { type ByteRange, type Damage, isZeros } from './salvage.ts'
import { compareSegments, parseSegmentText, type SegmentName, segmentText, timeOf } from './stream.ts'

/** Bytes of a segment that are no batch, kept aside in a file of their own. */
export interface Quarantined extends SegmentName, ByteRange {
  readonly file: string
}

/** What is kept aside of a table's spool. */
export interface QuarantineCount {
  readonly files: number
  readonly bytes: number
  /** When the oldest stream that was damaged was begun: RFC 3339, UTC; null where none was. */
  readonly oldest: string | null
}

const piece = 2 ** 20

/**
 * Keeps damaged bytes of a segment, durable on return, so that the segment can
 * be removed. Does nothing where they are kept already, and with a torn end
 * that is all zeros: there is nothing in it.
 * @param directory `quarantine/<table>`
 * @returns whether they are kept
 * @throws whatever reading and writing throw
 */
export async function quarantine(
  io: FileIO,
  directory: string,
  segment: SegmentName,
  file: InputFile,
  damage: Damage,
): Promise<boolean> {
  if (damage.kind === 'torn' && (await isZeros(file, damage))) return false
  const path = `${directory}/${segmentText(segment)}.${damage.start}-${damage.end}.bin`
  if ((await io.size(path)) === undefined) {
    await ensureDirectory(io, directory)
    await replaceFile(io, path, piecesOf(file, damage))
  }
  // Also where it is there already: its name may not have been durable when another process died.
  await io.syncDirectory(directory)
  return true
}

/** In the order of segments and offsets; none where there is no such directory. @throws whatever listing throws */
export async function listQuarantine(io: FileIO, directory: string): Promise<Quarantined[]> {
  const files = (await io.list(directory)).flatMap(file => parseName(file) ?? [])
  return files.sort((a, b) => compareSegments(a, b) || a.start - b.start)
}

/** @throws whatever listing throws */
export async function countQuarantine(io: FileIO, directory: string): Promise<QuarantineCount> {
  const files = await listQuarantine(io, directory)
  const [first] = files
  return {
    files: files.length,
    bytes: files.reduce((sum, { start, end }) => sum + end - start, 0),
    oldest: first === undefined ? null : new Date(timeOf(first.stream)).toISOString(),
  }
}

async function* piecesOf(file: InputFile, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += piece) yield await file.read(at, Math.min(end, at + piece))
}

function parseName(file: string): Quarantined | undefined {
  const [, text = '', start, end] = /^(.+)\.(\d{1,15})-(\d{1,15})\.bin$/.exec(file) ?? []
  const segment = parseSegmentText(text)
  return segment && { ...segment, file, start: Number(start), end: Number(end) }
}
