import type { Random } from './random.ts'
import type { Sink } from './sink.ts'
import type { Texts } from './texts.ts'

export interface TreeOptions {
  /** The client's directory. */
  readonly directory: string
  /** Of transcripts, about. */
  readonly bytes: number
  /** How many transcripts; default as many as trees of that size have. */
  readonly files?: number | undefined
  readonly seed: string
  /** Writes a file for every trap besides. */
  readonly traps: boolean
  /** Writes a line of so many bytes, more than readers take, in a file of its own. */
  readonly longLine?: number | undefined
  readonly texts: Texts
  readonly sink: Sink
}

/** What later transcripts copy of one: its first lines. */
export interface Kept<Line> {
  readonly lines: readonly Line[]
  readonly keep: (line: Line) => void
}

/** @param most bytes, about, that are held in memory meanwhile */
export function keepUpTo<Line extends { readonly text: string }>(most: number): Kept<Line> {
  const lines: Line[] = []
  let bytes = 0
  return {
    lines,
    keep: line => {
      if (bytes > most) return
      lines.push(line)
      bytes += line.text.length
    },
  }
}

const dayMs = 86_400_000

/** Milliseconds since 1970 of a moment between the first of these days and the end of the last. */
export function momentIn([from, to]: readonly [from: string, to: string], random: Random): number {
  return Date.parse(from) + Math.floor(random.next() * (Date.parse(to) - Date.parse(from) + dayMs))
}
