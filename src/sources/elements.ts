import type { Line, LineOptions } from './lines.ts'

/** An element of a JSON document: a member of the outermost object, or of a list that is such a member. */
export interface Element extends Line {
  /** The member it is, or the list it belongs to; empty in a document that is a list. */
  readonly key: string
}

/** Longer elements are passed over without being held in memory. */
const maxElementBytes = 64 << 20
const headBytes = 4 << 10

const quote = 0x22
const backslash = 0x5c
const opens = (byte: number): boolean => byte === 0x7b || byte === 0x5b
const closes = (byte: number): boolean => byte === 0x7d || byte === 0x5d
/** A crash can leave NULs behind the document; they are nothing, like space. */
const isSpace = (byte: number): boolean => byte <= 0x20

/**
 * The elements of one JSON document, as many at once as a piece of it ends: memory is one chunk plus one element, however long the
 * document is and however it is laid out. `number` is the line of the file on which an element begins. An element that
 * the document's end cuts off has `isWhole` false; what is no JSON comes as it stands, for the caller to find out.
 */
export async function* readElements(
  chunks: AsyncIterable<Buffer>,
  options: Pick<LineOptions, 'maxLineBytes'> = {},
): AsyncGenerator<readonly Element[]> {
  const state = newState(options.maxLineBytes ?? maxElementBytes)
  for await (const chunk of chunks) {
    const elements = [...scanChunk(state, chunk)]
    state.offset += chunk.length
    if (elements.length > 0) yield elements
  }
  const rest = finish(state, false)
  if (rest !== undefined) yield [rest]
}

interface State {
  readonly limit: number
  /** Of the chunk's first byte in the document. */
  offset: number
  line: number
  /** How many lists and objects stand open. */
  depth: number
  inString: boolean
  isEscaped: boolean
  /** Whether elements stand at depth 2, in a list, instead of at depth 1. */
  inList: boolean
  isObject: boolean
  /** The member's name is complete and its value comes. */
  hasKey: boolean
  key: string
  element: { pieces: Buffer[]; held: number; line: number } | undefined
}

function newState(limit: number): State {
  return {
    limit,
    offset: 0,
    line: 1,
    depth: 0,
    inString: false,
    isEscaped: false,
    inList: false,
    isObject: false,
    hasKey: false,
    key: '',
    element: undefined,
  }
}

function* scanChunk(state: State, chunk: Buffer): Generator<Element> {
  /** Where the element's bytes in this chunk begin. */
  let from = 0
  let at = state.offset === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0
  for (; at < chunk.length; at++) {
    const byte = chunk[at] as number
    if (state.inString) {
      if (state.isEscaped) state.isEscaped = false
      else if (byte === backslash) state.isEscaped = true
      else if (byte === quote) state.inString = false
      continue
    }
    if (byte === 0x0a) state.line++
    if (isSpace(byte)) continue
    const isBetween = byte === 0x2c || byte === 0x3a || closes(byte)
    const level = state.inList ? 2 : 1
    // At the level of the elements, a comma, a colon and the closing bracket end what stands before them.
    if (state.depth === level && isBetween) {
      if (state.element !== undefined) {
        keep(state, chunk.subarray(from, at))
        if (byte === 0x3a && !state.inList && state.isObject) takeKey(state)
        else {
          const element = finish(state, true, state.offset + at)
          if (element !== undefined) yield element
        }
      }
      if (closes(byte)) leave(state)
      else if (byte === 0x2c && level === 1) state.hasKey = false
      continue
    }
    if (state.element === undefined && !enter(state, byte)) {
      state.element = { pieces: [], held: 0, line: state.line }
      from = at
    }
    if (byte === quote) state.inString = true
    else if (state.element !== undefined && opens(byte)) state.depth++
    else if (state.element !== undefined && closes(byte) && state.depth > 0) state.depth--
  }
  if (state.element !== undefined) keep(state, chunk.subarray(from))
}

/** Whether a bracket only leads to elements: the document's own, or that of a list which is a member of it. */
function enter(state: State, byte: number): boolean {
  if (state.depth === 0 && opens(byte)) {
    state.depth = 1
    state.isObject = byte === 0x7b
    return true
  }
  if (state.depth === 1 && state.isObject && state.hasKey && byte === 0x5b) {
    state.depth = 2
    state.inList = true
    return true
  }
  return false
}

function leave(state: State): void {
  state.depth--
  state.inList = false
  state.hasKey = false
}

function keep(state: State, bytes: Buffer): void {
  const { element } = state
  if (element === undefined || bytes.length === 0) return
  element.pieces.push(bytes)
  element.held += bytes.length
  if (element.held > state.limit) element.pieces = [firstOf(element.pieces)]
}

function takeKey(state: State): void {
  const name = Buffer.concat(state.element?.pieces ?? []).toString('utf8')
  state.element = undefined
  state.hasKey = true
  state.key = name.trim().slice(1, -1)
}

function finish(state: State, isWhole: boolean, endOffset = state.offset): Element | undefined {
  const { element, key } = state
  if (element === undefined) return undefined
  state.element = undefined
  if (element.held > state.limit) {
    return { key, bytes: firstOf(element.pieces), end: 'cut', isWhole, endOffset, number: element.line }
  }
  const bytes = element.pieces.length === 1 ? (element.pieces[0] as Buffer) : Buffer.concat(element.pieces)
  return { key, bytes, end: isWhole ? 'newline' : 'file', isWhole, endOffset, number: element.line }
}

/** The first bytes, as a copy: a view would keep a whole chunk in memory. */
function firstOf(pieces: readonly Buffer[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  return Buffer.concat(pieces, Math.min(length, headBytes))
}
