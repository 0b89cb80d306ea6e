/** A row as it stands in a body, before anybody looked into it. */
export interface RawRow {
  /** What holds it: the body, or bytes made for this row. */
  readonly bytes: Uint8Array
  /** JSON text from here … */
  readonly start: number
  /** … to here, without the end of the line. */
  readonly end: number
  /** Where the next row may begin: behind the end of the line, where there is one. */
  readonly next: number
  /** The text holds ends of lines, as white space of JSON. */
  readonly isBroken: boolean
  /** What is wrong with it at first sight. */
  readonly flaw?: RowFlaw
}

export interface RowFlaw {
  readonly column: string | null
  readonly reason: string
}

/** Undefined stands for work that gave no row yet, so that a long search can be interrupted. */
export type RawRows = Generator<RawRow | undefined, void, undefined>

export const tooLarge: RowFlaw = { column: null, reason: 'the row is larger than 8 MiB' }

/** Where the text of a body begins: behind a byte order mark. */
export function startOfText(body: Uint8Array): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
}

/** White space of JSON (RFC 8259 §2). */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
