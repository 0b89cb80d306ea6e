import { HypError, toHypError } from '../../errors.ts'
import { type FileIO, type InputFile, isNotFound } from '../../iceberg/file-io/file-io.ts'
import type { SegmentHeader } from '../../stores/records/kinds/spool-segment.ts'
import { type BatchMeta, parseMeta } from './frame.ts'
import { decodeHeader } from './header.ts'
import { type ByteRange, type Damage, walk } from './salvage.ts'
import { compareSegments, parseSegmentFile, type SegmentName, segmentFile } from './stream.ts'

/** A whole, verified batch. */
export interface Frame extends ByteRange {
  readonly kind: 'frame'
  readonly meta: BatchMeta
  readonly rowCount: number
  /** NDJSON: a JSON object a line, and every line ended. The caller must not change it. */
  readonly rows: Uint8Array
}

/** A batch as its head tells of it; its rows were neither read nor verified. */
export type FrameSummary = Omit<Frame, 'kind' | 'rows'>

export interface OpenSegment extends SegmentName, ByteRange {
  readonly path: string
  readonly file: InputFile
  /** What its own header says; undefined where none is intact. */
  readonly header: SegmentHeader | undefined
  /** Whether a later header says where it ends: all before was acknowledged. */
  readonly sealed: boolean
}

/** The segments of a stream. Its rows are those of its segments between `start`, after the headers, and `end`. */
export interface OpenStream {
  readonly stream: string
  /** What any intact header of any segment says; undefined where there is a problem, or not even a batch. */
  readonly header: SegmentHeader | undefined
  /** RECORD_NEWER, RECORD_UNREADABLE or DISK_FAILED: the stream cannot be read now, and is left as it is. */
  readonly problem: HypError | undefined
  /** In order; none where a file could not be opened. */
  readonly segments: readonly OpenSegment[]
}

export interface OpenStreams {
  /** In order. */
  readonly streams: readonly OpenStream[]
  /** Never throws. */
  readonly close: () => Promise<void>
}

/** Files that vanish while they are being opened are flushed and released, which happens now and then. */
const mostAttempts = 20

/** The segments in a spool, in the order of streams and numbers; none where there is no spool. */
export async function listSegments(io: FileIO, directory: string): Promise<SegmentName[]> {
  const files = await io.list(directory)
  return files.flatMap(file => parseSegmentFile(file) ?? []).sort(compareSegments)
}

export interface OpenOptions {
  /** These streams; all where left out. */
  readonly only?: ReadonlySet<string> | undefined
  /**
   * Nobody else removes segments: their files are open only while they are read. What is held may be more files than a
   * process can have open.
   */
  readonly isLocked?: boolean
}

/**
 * Opens all segments of a spool and reads their headers. Needs no lock: what is
 * open can be read when it is removed meanwhile. Who wants the rows that are
 * not in the table opens the streams first, and then loads the table and its
 * positions: a segment that vanished before is in the table.
 * @throws whatever listing and opening throw, but for a failing disk, which is the problem of one stream
 */
export async function openStreams(
  io: FileIO,
  directory: string,
  { only, isLocked = false }: OpenOptions = {},
): Promise<OpenStreams> {
  for (let attempt = 1; ; attempt++) {
    const names = (await listSegments(io, directory)).filter(({ stream }) => only?.has(stream) ?? true)
    const opened: OpenFile[] = []
    const close = async (): Promise<void> => {
      for (const { file } of opened) await file?.close().catch(() => undefined)
    }
    try {
      for (const name of names) opened.push(await openFile(io, directory, name, isLocked))
      if (opened.some(({ gone }) => gone) && attempt < mostAttempts) {
        await close()
        continue
      }
      const streams: OpenStream[] = []
      for (const [stream, files] of byStream(opened)) streams.push(await openStream(stream, files))
      return { streams, close }
    } catch (error) {
      await close()
      throw error
    }
  }
}

/**
 * The batches of a segment between two offsets, and what of its bytes is none.
 * One frame at a time is in memory.
 */
export async function* readFrames(file: InputFile, range: ByteRange): AsyncGenerator<Frame | Damage> {
  for await (const found of walk(file, range, { rows: true })) {
    if (found.kind !== 'found') yield found
    else if (found.head.kind === 'batch') {
      const { start, end, head, rows = new Uint8Array() } = found
      const meta = parseMeta(found.meta)
      if (meta === undefined) yield { kind: 'damaged', start, end }
      else yield { kind: 'frame', start, end, meta, rowCount: head.rowCount, rows }
    }
  }
}

/** The batches of a segment by their heads alone, which are some hundred bytes each. */
export async function* readSummaries(file: InputFile, range: ByteRange): AsyncGenerator<FrameSummary> {
  for await (const found of walk(file, range, { rows: false })) {
    if (found.kind !== 'found' || found.head.kind !== 'batch') continue
    const meta = parseMeta(found.meta)
    if (meta !== undefined) yield { start: found.start, end: found.end, meta, rowCount: found.head.rowCount }
  }
}

interface OpenFile {
  readonly name: SegmentName
  readonly path: string
  readonly file?: InputFile
  readonly gone?: boolean
  /** A directory or the like: nothing that a spool wrote. */
  readonly foreign?: boolean
  readonly failed?: HypError
}

async function openFile(io: FileIO, directory: string, name: SegmentName, isLocked: boolean): Promise<OpenFile> {
  const path = `${directory}/${segmentFile(name)}`
  try {
    const entry = await io.look(path)
    // Opening a pipe would wait for somebody to write to it.
    if (entry?.kind === 'directory' || entry?.kind === 'other') return { name, path, foreign: true }
    const file = await io.open(path)
    return { name, path, file: isLocked ? await openedToRead(io, path, file) : file }
  } catch (error) {
    if (isNotFound(error)) return { name, path, gone: true }
    return { name, path, failed: failingDisk(error) }
  }
}

/** A file that is opened anew for each read. */
async function openedToRead(io: FileIO, path: string, opened: InputFile): Promise<InputFile> {
  await opened.close()
  return {
    size: opened.size,
    read: async (start, end) => {
      const file = await io.open(path)
      try {
        return await file.read(start, end)
      } finally {
        await file.close()
      }
    },
    close: async () => undefined,
  }
}

function byStream(opened: readonly OpenFile[]): Map<string, OpenFile[]> {
  const streams = new Map<string, OpenFile[]>()
  for (const file of opened) {
    if (file.gone || file.foreign) continue
    const { stream } = file.name
    streams.set(stream, [...(streams.get(stream) ?? []), file])
  }
  return streams
}

async function openStream(stream: string, files: readonly OpenFile[]): Promise<OpenStream> {
  const segments: OpenSegment[] = []
  let problem: HypError | undefined
  let orphaned = false
  for (const { name, path, file, failed } of files) {
    if (file === undefined) return { stream, header: undefined, problem: failed, segments: [] }
    try {
      const { start, header, batch } = await readStart(file, path)
      const isMistake = header instanceof HypError
      if (isMistake) problem ??= header
      orphaned ||= batch
      segments.push({
        ...name,
        path,
        file,
        start,
        end: file.size,
        sealed: false,
        header: isMistake ? undefined : header,
      })
    } catch (error) {
      return { stream, header: undefined, problem: failingDisk(error), segments: [] }
    }
  }
  const header = segments.find(segment => segment.header !== undefined)?.header
  if (header !== undefined) problem = undefined
  else if (orphaned)
    problem ??= new HypError('RECORD_UNREADABLE', `No header of the stream ${stream} is intact, and it holds rows.`)
  return { stream, header, problem, segments: bounded(segments) }
}

interface SegmentStart {
  /** Where its batches begin. */
  readonly start: number
  /** Its header, or what is wrong with it; undefined where none is intact. */
  readonly header: SegmentHeader | HypError | undefined
  /** Whether a batch comes before any header. */
  readonly batch: boolean
}

async function readStart(file: InputFile, path: string): Promise<SegmentStart> {
  let start = 0
  let header: SegmentHeader | HypError | undefined
  let copies = 0
  for await (const found of walk(file, { start: 0, end: file.size }, { rows: true })) {
    // Bytes before a header are one that is damaged; those after it may be batches.
    if (found.kind !== 'found' && header === undefined) continue
    if (found.kind !== 'found') break
    if (found.head.kind !== 'header') return { start, header, batch: header === undefined }
    header ??= headerOf(found.meta, path)
    start = found.end
    if (++copies === 2) break
  }
  return { start, header, batch: false }
}

function headerOf(meta: Uint8Array, path: string): SegmentHeader | HypError {
  try {
    return decodeHeader(meta, path)
  } catch (error) {
    return toHypError(error)
  }
}

/**
 * Segments without what was never acknowledged: a header names the last segment
 * before it that holds anything acknowledged, and where that ends. What lies
 * between the two failed before anything in it was acknowledged.
 */
function bounded(segments: readonly OpenSegment[]): OpenSegment[] {
  return segments.map(segment => {
    let { end, sealed } = segment
    for (const { segment: number, header } of segments) {
      const previous = header?.previous ?? undefined
      if (previous === undefined || number <= segment.segment || previous.segment > segment.segment) continue
      end = previous.segment === segment.segment ? Math.min(end, previous.end) : 0
      sealed = true
    }
    return { ...segment, start: Math.min(segment.start, end), end, sealed }
  })
}

/** @throws the error itself, where it is not the disk that fails */
export function failingDisk(error: unknown): HypError {
  const known = toHypError(error)
  if (known.code !== 'DISK_FAILED') throw error
  return known
}
