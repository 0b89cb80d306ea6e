import type { Node } from 'jsonc-parser'
import type { Contract, ContractMode } from '../declaration.ts'
import type { Report } from './document.ts'
import { type Keys, kindOf, type Members, readMembers } from './members.ts'
import { readWord } from './word.ts'

export const contractModes: readonly ContractMode[] = ['freeze', 'discard_value', 'discard_row']

export const contractKeys: Keys = {
  allowed: ['unknownFields', 'illTypedValues'],
  advice: {
    columns: 'Did you mean `unknownFields`?',
    data_type: 'Did you mean `illTypedValues`?',
    tables: 'Leave it out: a table is there once it is declared.',
  },
}

/** Where a file says at the top what belongs under `contract`, and other names of it. */
export const contractAdvice: Readonly<Record<string, string>> = {
  unknownFields: 'Write it under `contract`.',
  illTypedValues: 'Write it under `contract`, or at a column.',
  schema_contract: 'Did you mean `contract`?',
  schemaContract: 'Did you mean `contract`?',
}

const modeAdvice = {
  evolve: 'Rows never change a table: declare the column, and they have a place.',
}

/** What becomes of rows that do not fit, where the file says so. */
export function readContract(node: Node | undefined, report: Report): Contract | undefined {
  if (node === undefined) return undefined
  if (node.type !== 'object') {
    report(node, 'wrong-kind', `\`contract\` is an object, not ${kindOf(node)}.`, 'Write {"unknownFields": "freeze"}.')
    return undefined
  }
  const members = readMembers(node, 'A contract', contractKeys, report)
  const unknownFields = readMode(members, 'unknownFields', report)
  const illTypedValues = readMode(members, 'illTypedValues', report)
  return {
    ...(unknownFields === undefined ? {} : { unknownFields }),
    ...(illTypedValues === undefined ? {} : { illTypedValues }),
  }
}

export function readMode(members: Members, key: string, report: Report): ContractMode | undefined {
  return readWord(members, key, contractModes, report, modeAdvice)
}
