import { type FileHandle, open } from 'node:fs/promises'
import { type Element, readElements } from '../elements.ts'
import { fileChunks, type Line, type LinePoint, splitLines } from '../lines.ts'
import { zstChunks } from '../zst.ts'
import { type RolloutFormat, rolloutFormat } from './file-name.ts'

export interface Rollout {
  readonly format: RolloutFormat
  readonly handle: FileHandle
  /** Bytes in the file when it was opened. */
  readonly size: number
  readonly mtimeMs: number
}

/** Throws the errors of the file; the caller closes the handle. */
export async function openRollout(path: string): Promise<Rollout> {
  const handle = await open(path)
  try {
    const { size, mtimeMs } = await handle.stat()
    return { format: rolloutFormat(path.slice(path.lastIndexOf('/') + 1)) ?? 'lines', handle, size, mtimeMs }
  } catch (error) {
    await handle.close()
    throw error
  }
}

export interface RolloutOptions {
  readonly signal?: AbortSignal | undefined
  readonly maxLineBytes?: number | undefined
  /** Only for a rollout of lines. */
  readonly from?: LinePoint | undefined
  /** Told how many bytes of the file were read, where that is not the end of a line. */
  readonly onRead?: (bytes: number) => void
}

/** A line, or an element of a document, which has a name there. */
export type RolloutLine = Line & Partial<Pick<Element, 'key'>>

/** The lines of a rollout however it is written, or the elements of its document; some at a time. */
export function rolloutLines(rollout: Rollout, options: RolloutOptions = {}): AsyncGenerator<readonly RolloutLine[]> {
  const { handle, size } = rollout
  switch (rollout.format) {
    case 'lines':
      return splitLines(fileChunks(handle, size, options.from?.offset ?? 0, options.signal), options)
    case 'zst': {
      const { signal, onRead = () => undefined } = options
      return splitLines(zstChunks(handle, size, { signal, onRead }), { maxLineBytes: options.maxLineBytes })
    }
    case 'document':
      return readElements(fileChunks(handle, size, 0, options.signal), options)
  }
}
