import { cutToWidth, displayWidth } from '../../query/format/display-width.ts'
import { visible } from './visible.ts'

/** What terminals take as an order to change colours; it says nothing of the text. */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[\\d;:]*m`, 'g')

/**
 * A text of a conversation as lines of at most so many columns, with its line ends and what it is indented by. Nothing
 * in it reaches a terminal as an order.
 */
export function wrappedText(text: string, width: number): string[] {
  return text
    .replaceAll(colours, '')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll('\t', '    ')
    .replace(/\n+$/, '')
    .split('\n')
    .flatMap(line => wrappedLine(visible(line).trimEnd(), width))
}

/** A text in one line of at most so many columns. */
export function oneLine(text: string, width: number): string {
  const flat = text
    .slice(0, 4 * width + 400)
    .replaceAll(colours, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return cutToWidth(visible(flat), Math.max(width, 8))
}

function wrappedLine(line: string, width: number): string[] {
  if (displayWidth(line) <= width) return [line]
  const indent = /^ */.exec(line)?.[0].slice(0, Math.floor(width / 2)) ?? ''
  const lines: string[] = []
  let current = indent
  let used = indent.length
  for (const word of line.trimStart().split(/(?<= )(?=\S)/)) {
    const wide = displayWidth(word.trimEnd())
    if (used + wide > width && used > indent.length) {
      lines.push(current.trimEnd())
      current = indent
      used = indent.length
    }
    if (wide > width - indent.length) {
      const pieces = broken(word, width - indent.length)
      const last = pieces.pop() ?? ''
      lines.push(...pieces.map(piece => indent + piece))
      current = indent + last
    } else current += word
    used = displayWidth(current)
  }
  if (current.trim() !== '') lines.push(current.trimEnd())
  return lines
}

/** A word longer than a line, in pieces. */
function broken(word: string, width: number): string[] {
  const pieces: string[] = []
  let piece = ''
  let used = 0
  for (const character of word) {
    const wide = displayWidth(character)
    if (used + wide > width && piece !== '') {
      pieces.push(piece)
      piece = ''
      used = 0
    }
    piece += character
    used += wide
  }
  return [...pieces, piece]
}
