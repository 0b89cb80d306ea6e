/** The rows of a batch that are kept, put one behind the other. */
export interface KeptRows {
  /** A row as it stands somewhere, with the end of its line if that is there. */
  verbatim(bytes: Uint8Array, start: number, end: number): void
  /** A row that was printed again. */
  text(text: string): void
  /**
   * All rows, each ended by `\n`; where they stand so in one piece already, that is given and nothing is copied. Else
   * it is work that can be interrupted.
   */
  join(): Generator<undefined, Uint8Array, undefined>
}

interface Piece {
  readonly bytes: Uint8Array
  readonly start: number
  end: number
}

const newline = 0x0a
const lineEnd = new Uint8Array([newline])
/** So many bytes are copied at a time. */
const mostAtOnce = 1024 * 1024

export function keptRows(): KeptRows {
  const pieces: Piece[] = []
  let length = 0

  return { verbatim, text, join }

  function verbatim(source: Uint8Array, start: number, end: number): void {
    add(source, start, end)
    if (source[end - 1] !== newline) add(lineEnd, 0, 1)
  }

  function text(row: string): void {
    const printed = Buffer.from(`${row}\n`)
    add(printed, 0, printed.length)
  }

  function add(source: Uint8Array, start: number, end: number): void {
    const last = pieces.at(-1)
    if (last?.bytes === source && last.end === start) last.end = end
    else pieces.push({ bytes: source, start, end })
    length += end - start
  }

  function* join(): Generator<undefined, Uint8Array, undefined> {
    const [only] = pieces
    if (only !== undefined && pieces.length === 1) return only.bytes.subarray(only.start, only.end)
    const joined = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    let done = 0
    let pause = mostAtOnce
    for (const { bytes, start, end } of pieces) {
      for (let from = start; from < end; from += mostAtOnce) {
        const part = bytes.subarray(from, Math.min(from + mostAtOnce, end))
        joined.set(part, done)
        done += part.length
        if (done < pause) continue
        yield undefined
        pause = done + mostAtOnce
      }
    }
    return joined
  }
}
