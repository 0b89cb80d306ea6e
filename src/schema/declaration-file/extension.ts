import { getNodeValue, type Node } from 'jsonc-parser'
import type { Declaration } from '../declaration.ts'
import { canonicalJson } from '../fingerprint.ts'
import { checkBuiltinNames, checkFullNames, checkNames, checkReservedNames } from './column-names.ts'
import { contractAdvice, readContract } from './contract.ts'
import type { Document, Report } from './document.ts'
import type { ColumnEntry } from './entry.ts'
import { type Keys, keptAdvice, type Members, readMembers } from './members.ts'
import { readEntries } from './root.ts'

/** What a file may repeat for its reader, and what is said when it sets something else. */
const fixed: Readonly<Record<string, string>> = {
  table: 'The file’s name says which table it extends.',
  release: 'It comes with hyp itself; `--as-release` runs as an earlier one.',
  identifier: 'The row key is built in, because exactly-once rests on it.',
  partitionBy: 'Partitions are built in, because the row key is looked up by them.',
  sortBy: 'The sort order is built in.',
}

/** `$schema` lets an editor find the JSON Schema; its value means nothing here. */
export const extensionFileKeys: Keys = {
  allowed: ['columns', 'contract', ...Object.keys(fixed), '$schema'],
  advice: {
    ...contractAdvice,
    fields: 'Did you mean `columns`?',
    location: 'Leave it out: the built-in table lies in the home.',
    drop: keptAdvice,
    dropped: keptAdvice,
  },
}

/**
 * Reads a file by which a user adds columns of their own to the built-in table:
 * the built-in columns followed by the file's, in its order, and the contract. What it gives
 * holds only where no mistake was reported.
 */
export function readExtension(root: Node, path: string, base: Declaration, document: Document): Declaration {
  const { report } = document
  const members = readMembers(root, 'The file', extensionFileKeys, report)
  checkFixed(members, path, base, report)
  const entries = readEntries(root, members, { document, isWhole: false })
  checkNames(entries, report)
  checkBuiltinNames(entries, base, report)
  checkReservedNames(entries, base.partitionBy, report)
  checkFullNames(entries, base.columns, report)
  checkOptional(entries, report)
  const columns = [...base.columns, ...entries.flatMap(entry => entry.column ?? [])]
  const contract = readContract(members.get('contract')?.value, report)
  return { ...base, columns, ...(contract === undefined ? {} : { contract }) }
}

function checkOptional(entries: readonly ColumnEntry[], report: Report): void {
  for (const { name, required } of entries) {
    if (required === undefined) continue
    const subject = name === undefined ? 'A new column' : `The new column "${name.text}"`
    const message = `${subject} cannot be required: the rows that are stored already have no value for it.`
    report(required, 'required-column', message, 'Leave `required` out; rows without a value read as null.')
  }
}

function checkFixed(members: Members, path: string, base: Declaration, report: Report): void {
  for (const [key, reason] of Object.entries(fixed)) {
    const node = members.get(key)?.value
    const builtin = base[key as keyof Declaration]
    if (node === undefined || canonicalJson(getNodeValue(node)) === canonicalJson(builtin)) continue
    const message = `\`${key}\` is ${canonicalJson(builtin)} and cannot be set in ${path}.`
    report(node, 'not-extensible', message, `Leave it out. ${reason}`)
  }
}
