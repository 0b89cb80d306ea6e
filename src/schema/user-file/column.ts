import type { Node } from 'jsonc-parser'
import type { ColumnDeclaration, DeclaredType } from '../declaration.ts'
import { formatPointer, parsePointer } from '../pointer.ts'
import { nameFault } from './column-name.ts'
import { checkNames } from './column-names.ts'
import { readType } from './column-type.ts'
import type { Report } from './document.ts'
import type { ColumnEntry, Placed } from './entry.ts'
import { kindOf, type Members, readFlag, readMembers, readText } from './members.ts'

const keys = {
  allowed: ['name', 'type', 'required', 'doc', 'from', 'renamedFrom'],
  advice: {
    since: 'Leave it out: it tells the release of a built-in column.',
    id: 'Leave it out: the table gives the ids.',
    nullable: 'Leave it out: a column is optional by itself.',
    optional: 'Leave it out: a column is optional by itself.',
    default: 'Leave it out: version 2 of the Iceberg format has no defaults.',
    comment: 'Did you mean `doc`?',
    description: 'Did you mean `doc`?',
    pointer: 'Did you mean `from`?',
    path: 'Did you mean `from`?',
    source: 'Did you mean `from`?',
    previousName: 'Did you mean `renamedFrom`?',
  },
}

/** One entry of `columns`, or of a struct's `fields`; every mistake in it is reported. */
export function readColumn(node: Node, what: ColumnEntry['what'], report: Report): ColumnEntry {
  if (node.type !== 'object') {
    report(node, 'wrong-kind', `${what} is an object, not ${kindOf(node)}.`, 'Write {"name": …, "type": …}.')
    return { what, name: undefined, renamedFrom: undefined, required: undefined, column: undefined }
  }
  const members = readMembers(node, what, keys, report)
  const name = readName(node, members, what, report)
  const type = readColumnType(node, members, what, report)
  const required = readFlag(members, 'required', report)
  const doc = readText(members, 'doc', report)
  const from = readFrom(members, report)
  const renamedFrom = readPlaced(members, 'renamedFrom', report)
  return {
    what,
    name,
    renamedFrom,
    required: required === true ? members.get('required')?.value : undefined,
    column:
      name === undefined || type === undefined
        ? undefined
        : {
            name: name.text,
            type,
            ...(required === undefined ? {} : { required }),
            ...(doc === undefined ? {} : { doc }),
            ...(from === undefined ? {} : { from }),
            ...(renamedFrom === undefined ? {} : { renamedFrom: renamedFrom.text }),
          },
  }
}

function readName(node: Node, members: Members, what: string, report: Report): Placed | undefined {
  if (!members.has('name')) report(node, 'missing-key', `${what} has no \`name\`.`)
  const name = readPlaced(members, 'name', report)
  const fault = name && nameFault(name.text)
  if (name === undefined || fault === undefined) return name
  const trimmed = name.text.trim()
  report(name.node, 'bad-name', fault, nameFault(trimmed) === undefined ? `Write "${trimmed}".` : undefined)
  return undefined
}

function readColumnType(node: Node, members: Members, what: string, report: Report): DeclaredType | undefined {
  const type = members.get('type')?.value
  if (type !== undefined) return readType(type, report, fields => readFields(fields, report))
  report(node, 'missing-key', `${what} has no \`type\`.`, 'If in doubt, "string" takes every value.')
  return undefined
}

function readFields(nodes: readonly Node[], report: Report): readonly ColumnDeclaration[] {
  const entries = nodes.map(node => readColumn(node, 'A field', report))
  checkNames(entries, report)
  return entries.flatMap(entry => entry.column ?? [])
}

function readFrom(members: Members, report: Report): string | undefined {
  const from = readPlaced(members, 'from', report)
  if (from === undefined || parsePointer(from.text) !== undefined) return from?.text
  report(from.node, 'bad-pointer', `"${from.text}" is not a JSON Pointer.`, pointerAdvice(from.text))
  return undefined
}

function pointerAdvice(text: string): string {
  if (text.startsWith('/')) return 'After a `~` comes `0`, for `~` itself, or `1`, for `/`.'
  const tokens = text.replace(/^(?:#\/?|\$\.?)/, '').split(text.includes('/') ? '/' : '.')
  return `It starts with a slash: did you mean "${formatPointer(tokens)}"?`
}

function readPlaced(members: Members, key: string, report: Report): Placed | undefined {
  const text = readText(members, key, report)
  const node = members.get(key)?.value
  return text === undefined || node === undefined ? undefined : { text, node }
}
