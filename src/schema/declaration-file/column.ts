import type { Node } from 'jsonc-parser'
import type { Json } from '../../iceberg/types.ts'
import type { ColumnDeclaration, DeclaredType } from '../declaration.ts'
import { formatPointer, parsePointer } from '../pointer.ts'
import { nameFault } from './column-name.ts'
import { checkNames } from './column-names.ts'
import { readType } from './column-type.ts'
import { readMode } from './contract.ts'
import { readDefault } from './default-value.ts'
import type { Report } from './document.ts'
import type { ColumnEntry, Placed } from './entry.ts'
import type { Form } from './form.ts'
import { type Keys, keptAdvice, kindOf, type Members, readFlag, readMembers, readText } from './members.ts'

const advice = {
  since: 'Leave it out: it tells the release of a built-in column.',
  id: 'Leave it out: the table gives the ids.',
  nullable: 'Leave it out: a column is optional by itself.',
  optional: 'Leave it out: a column is optional by itself.',
  drop: keptAdvice,
  dropped: keptAdvice,
  comment: 'Did you mean `doc`?',
  description: 'Did you mean `doc`?',
  pointer: 'Did you mean `from`?',
  path: 'Did you mean `from`?',
  source: 'Did you mean `from`?',
  previousName: 'Did you mean `renamedFrom`?',
}

const allowed = ['name', 'type', 'required', 'doc', 'from', 'renamedFrom', 'illTypedValues']

/** What a column of a table of one's own may say. */
export const wholeKeys: Keys = {
  allowed: [...allowed, 'default'],
  advice: { ...advice, initialDefault: 'Did you mean `default`?', 'initial-default': 'Did you mean `default`?' },
}

/** What a column that is added to the built-in table may say. */
export const extensionKeys: Keys = {
  allowed,
  advice: { ...advice, default: 'Leave it out: version 2 of the Iceberg format has no defaults.' },
}

/** What a field of a struct may say, of what a column may. */
export function fieldKeys(column: Keys): Keys {
  return {
    allowed: column.allowed.filter(key => key !== 'illTypedValues'),
    advice: {
      ...column.advice,
      illTypedValues: 'Write it at the column that the field is in: a column’s value is judged whole.',
    },
  }
}

/** One entry of `columns`, or of a struct's `fields`; every mistake in it is reported. */
export function readColumn(node: Node, what: ColumnEntry['what'], form: Form): ColumnEntry {
  const { report } = form.document
  if (node.type !== 'object') {
    report(node, 'wrong-kind', `${what} is an object, not ${kindOf(node)}.`, 'Write {"name": …, "type": …}.')
    return { what, name: undefined, renamedFrom: [], required: undefined, column: undefined }
  }
  const keys = form.isWhole ? wholeKeys : extensionKeys
  const members = readMembers(node, what, what === 'A column' ? keys : fieldKeys(keys), report)
  const name = readName(node, members, what, report)
  const type = readColumnType(node, members, what, form)
  const required = readFlag(members, 'required', report)
  const doc = readText(members, 'doc', report)
  const from = readFrom(members, report)
  const renamedFrom = readRenamedFrom(members, report)
  const value = readValue(members, type, required ?? false, form)
  const illTypedValues = readMode(members, 'illTypedValues', report)
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
            ...earlier(members, renamedFrom),
            ...(value === undefined ? {} : { default: value }),
            ...(illTypedValues === undefined ? {} : { illTypedValues }),
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

function readColumnType(node: Node, members: Members, what: string, form: Form): DeclaredType | undefined {
  const type = members.get('type')?.value
  if (type !== undefined) return readType(type, form, fields => readFields(fields, form))
  form.document.report(node, 'missing-key', `${what} has no \`type\`.`, 'If in doubt, "string" takes every value.')
  return undefined
}

function readFields(nodes: readonly Node[], form: Form): readonly ColumnDeclaration[] {
  const entries = nodes.map(node => readColumn(node, 'A field', form))
  checkNames(entries, form.document.report)
  return entries.flatMap(entry => entry.column ?? [])
}

/** One name, or several with the newest first. */
function readRenamedFrom(members: Members, report: Report): readonly Placed[] {
  const node = members.get('renamedFrom')?.value
  if (node === undefined) return []
  if (node.type === 'string') return [{ text: node.value as string, node }]
  if (node.type !== 'array') {
    report(node, 'wrong-kind', `\`renamedFrom\` is a text or an array of texts, not ${kindOf(node)}.`)
    return []
  }
  const nodes = node.children ?? []
  if (nodes.length === 0) report(node, 'bad-rename', '`renamedFrom` names no column.', 'Leave it out.')
  return nodes.flatMap(item => {
    if (item.type === 'string') return [{ text: item.value as string, node: item }]
    report(item, 'wrong-kind', `An earlier name is a text, not ${kindOf(item)}.`)
    return []
  })
}

/** The member as it is written: a text stays a text, an array an array. */
function earlier(members: Members, renamedFrom: readonly Placed[]): Pick<ColumnDeclaration, 'renamedFrom'> {
  const [first] = renamedFrom
  if (first === undefined) return {}
  const names = renamedFrom.map(({ text }) => text)
  return { renamedFrom: members.get('renamedFrom')?.value.type === 'array' ? names : first.text }
}

function readValue(
  members: Members,
  type: DeclaredType | undefined,
  required: boolean,
  { document }: Form,
): Json | undefined {
  const node = members.get('default')?.value
  return node === undefined || type === undefined ? undefined : readDefault(node, type, required, document)
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
