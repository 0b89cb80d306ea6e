import type { Data, FixedSizeList, LargeList, List, Map_, Struct } from 'apache-arrow'
import { largestRow } from '../limits.ts'
import { tooLarge } from '../raw-row.ts'
import { outside, type Print, RowFault } from './print.ts'

/** Where the elements of a list begin and end in the column of all elements. */
type Range = (index: number) => { readonly start: number; readonly end: number }

/** Members of an object with their names. */
export type Members = readonly { readonly name: string; readonly print: Print }[]

/** Members one behind the other, in braces. */
export function objectPrinter(members: Members): Print {
  const labels = members.map(({ name }) => `${JSON.stringify(name)}:`)
  return index => {
    let text = ''
    for (const [position, { print }] of members.entries()) {
      text += `${position === 0 ? '' : ','}${labels[position]}${print(index)}`
      if (text.length > largestRow) throw new RowFault(tooLarge)
    }
    return `{${text}}`
  }
}

export function listPrinter(range: Range, print: Print): Print {
  return index => {
    const { start, end } = range(index)
    let text = ''
    for (let at = start; at < end; at++) {
      text += at === start ? print(at) : `,${print(at)}`
      if (text.length > largestRow) throw new RowFault(tooLarge)
    }
    return `[${text}]`
  }
}

/** An object of JSON, whose keys are texts; other keys stand in it as they would stand alone. */
export function mapPrinter(range: Range, key: Print, value: Print, column: string): Print {
  return index => {
    const { start, end } = range(index)
    const seen = new Set<string>()
    let text = ''
    for (let at = start; at < end; at++) {
      const printed = key(at)
      if (printed === 'null') throw new RowFault({ column: `${column}.key`, reason: 'null, and required' })
      const name = printed.startsWith('"') ? printed : JSON.stringify(printed)
      // The later one would take the place of the other.
      if (seen.has(name)) throw new RowFault({ column: `${column}.key`, reason: 'a key that is there already' })
      seen.add(name)
      text += `${at === start ? '' : ','}${name}:${value(at)}`
      if (text.length > largestRow) throw new RowFault(tooLarge)
    }
    return `{${text}}`
  }
}

export function rangeBetween({ valueOffsets, children }: Data<List | LargeList | Map_>): Range {
  const length = (children[0] ?? outside()).length
  return index => {
    const start = Number(valueOffsets[index] ?? outside())
    const end = Number(valueOffsets[index + 1] ?? outside())
    return start < 0 || start > end || end > length ? outside() : { start, end }
  }
}

export function rangeOfSize({ type, children }: Data<FixedSizeList>): Range {
  const length = (children[0] ?? outside()).length
  return index => {
    const end = (index + 1) * type.listSize
    return end > length ? outside() : { start: end - type.listSize, end }
  }
}

/** The columns inside a struct, which have a value for each of its own. */
export function structChildren({ children, length }: Data<Struct>): readonly Data[] {
  return children.every(child => child.length >= length) ? children : outside()
}
