import { getNodePath, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { formatPointer } from '../pointer.ts'
import type { Mistake, MistakeCode } from './mistake.ts'

/** Notes a mistake at a value, or at the key of a property. */
export type Report = (node: Node, code: MistakeCode, message: string, hint?: string) => void

/** A place in a file. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A text as a tree of JSON nodes that know where they stand. */
export interface Document {
  readonly root: Node | undefined
  readonly report: Report
  /** Every mistake so far, syntax first noted, in the order of the file. */
  readonly mistakes: () => readonly Mistake[]
  /** Where a node begins; both from 1, columns in UTF-16 units. */
  readonly place: (node: Node) => Place
  /** The text of a node as it is written. */
  readonly source: (node: Node) => string
  /** Whether the text could not be read as JSON inside a node, so that its parts cannot be trusted. */
  readonly isTorn: (node: Node) => boolean
}

/**
 * Reads JSON. Comments and commas before a closing bracket are allowed, since
 * people write these files by hand and comment columns out; anything else that
 * is not JSON is a mistake. Reading goes on behind a mistake as far as it can.
 */
export function readDocument(text: string, file: string): Document {
  // A byte order mark would be a mistake to the parser; a space takes no more room.
  const source = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text
  const errors: ParseError[] = []
  const mistakes: Mistake[] = []
  const locate = locator(source)
  let root: Node | undefined
  try {
    root = parseTree(source, errors, { allowTrailingComma: true })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    mistakes.push({ file, code: 'syntax', line: 1, column: 1, path: '', message: 'Brackets are nested too deeply.' })
  }
  const stumbled = new Set<number>()
  for (const error of errors) {
    const place = locate(error.offset)
    // One slip makes the parser stumble several times over; the first time says what it is. Not so a missing comma.
    if (stumbled.has(place.line)) continue
    if (printParseErrorCode(error.error) !== 'CommaExpected') stumbled.add(place.line)
    mistakes.push({ file, code: 'syntax', ...place, path: '', ...syntaxMessage(error, source) })
  }
  return {
    root,
    report: (node, code, message, hint) =>
      mistakes.push({
        file,
        code,
        ...locate(node.offset),
        path: formatPointer(getNodePath(node)),
        message,
        ...(hint === undefined ? {} : { hint }),
      }),
    mistakes: () => mistakes.toSorted((a, b) => a.line - b.line || a.column - b.column),
    place: node => locate(node.offset),
    source: node => source.slice(node.offset, node.offset + node.length),
    isTorn: node => errors.some(({ offset }) => offset > node.offset && offset <= node.offset + node.length),
  }
}

/** Offset → line and column, both from 1. */
function locator(text: string): (offset: number) => Place {
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), match => match.index + match[0].length)]
  return offset => {
    const line = starts.findLastIndex(start => start <= offset)
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 }
  }
}

function syntaxMessage({ error, offset, length }: ParseError, text: string): { message: string; hint?: string } {
  const found = text.slice(offset, offset + Math.min(length, 24))
  switch (printParseErrorCode(error)) {
    case 'InvalidSymbol':
      return { message: `\`${found}\` is not JSON.`, hint: 'Texts and keys stand in double quotes.' }
    case 'PropertyNameExpected':
      return found === ''
        ? { message: 'The file ends inside an object.', hint: 'Add the closing `}`.' }
        : { message: `A key belongs here, not \`${found}\`.`, hint: 'Keys stand in double quotes.' }
    case 'ValueExpected':
      return text.trim() === ''
        ? { message: 'The file is empty.', hint: 'The least it can hold is {"columns": []}.' }
        : { message: 'A value is missing here.' }
    case 'ColonExpected':
      return { message: 'A `:` is missing before this.' }
    case 'CommaExpected':
      return { message: 'A `,` is missing before this.' }
    case 'CloseBraceExpected':
      return { message: 'A closing `}` is missing.' }
    case 'CloseBracketExpected':
      return { message: 'A closing `]` is missing.' }
    case 'EndOfFileExpected':
      return { message: `Nothing may follow the end of the object, but \`${found}\` does.` }
    case 'UnexpectedEndOfComment':
      return { message: 'This comment is not closed.', hint: 'Close it with `*/`.' }
    case 'UnexpectedEndOfString':
      return { message: 'This text is not closed.', hint: 'Close it with `"` on the same line.' }
    case 'UnexpectedEndOfNumber':
    case 'InvalidNumberFormat':
      return { message: `\`${found}\` is not a number.` }
    case 'InvalidUnicode':
      return { message: 'This text has a `\\u` without four hexadecimal digits behind it.' }
    case 'InvalidEscapeCharacter':
      return {
        message: 'This text has a `\\` before a character that needs none.',
        hint: 'A backslash itself is `\\\\`.',
      }
    case 'InvalidCharacter':
      return { message: 'This text holds a control character.', hint: 'Write it as an escape, e.g. `\\t`.' }
    default:
      return { message: 'This is not JSON.' }
  }
}
