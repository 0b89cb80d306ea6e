import type { ColumnDeclaration, Contract, Declaration } from '../../src/schema/declaration.ts'

/*
 * A table that is declared anew again and again: a column more, another name,
 * a wider type. Every version is a release, so that a process with an older
 * file meets a table that is newer.
 */

/** A column through all versions. */
export interface Column {
  /** Stays when the name changes. */
  readonly id: number
  /** The present one first, then those it had before. */
  readonly names: readonly string[]
  readonly type: 'string' | 'int' | 'long' | 'double'
}

/** The table as it is declared at one time: release 1 is the first version. */
export interface Version {
  readonly release: number
  readonly columns: readonly Column[]
}

/** What is the same in all versions. */
export interface TableKind {
  /** Whether rows have a key. */
  readonly keyed: boolean
  readonly contract: Contract | undefined
}

export const table = 'events'

/** Columns that every version has, by id. */
export const ids = { session: 0, part: 1, tag: 2, n: 3, text: 4 } as const

export const firstVersion: Version = {
  release: 1,
  columns: [
    { id: ids.session, names: ['session'], type: 'string' },
    { id: ids.part, names: ['part'], type: 'int' },
    { id: ids.tag, names: ['tag'], type: 'string' },
    { id: ids.n, names: ['n'], type: 'int' },
    { id: ids.text, names: ['text'], type: 'string' },
  ],
}

export type Change = 'add' | 'rename' | 'rename key' | 'promote' | 'promote key'

/** Changes that a version may be followed by. @param chance in [0, 1) */
export function nextVersion({ release, columns }: Version, change: Change, chance: number): Version {
  const next = release + 1
  if (change === 'add') {
    const type = (['string', 'int', 'double'] as const)[Math.floor(chance * 3)] as Column['type']
    return { release: next, columns: [...columns, { id: columns.length, names: [`added_${next}`], type }] }
  }
  const changed =
    change === 'rename' ? ids.text : change === 'rename key' ? ids.session : change === 'promote' ? ids.n : ids.part
  return {
    release: next,
    columns: columns.map(column => {
      if (column.id !== changed) return column
      if (change === 'promote' || change === 'promote key') return { ...column, type: 'long' }
      return { ...column, names: [`${column.names.at(-1)}_${next}`, ...column.names] }
    }),
  }
}

export function nameOf({ columns }: Version, id: number): string {
  return columns[id]?.names[0] as string
}

const required: readonly number[] = [ids.session, ids.part, ids.tag]

export function isRequired(id: number): boolean {
  return required.includes(id)
}

export function declarationOf(version: Version, { keyed, contract }: TableKind): Declaration {
  const session = nameOf(version, ids.session)
  return {
    table,
    release: version.release,
    columns: version.columns.map(
      ({ id, names: [name, ...before], type }): ColumnDeclaration => ({
        name: name as string,
        type,
        ...(isRequired(id) ? { required: true } : {}),
        ...(before.length === 0 ? {} : { renamedFrom: before }),
      }),
    ),
    identifier: keyed ? [session, nameOf(version, ids.part)] : [],
    partitionBy: keyed ? [{ column: session, transform: 'bucket[2]' }] : [],
    sortBy: keyed ? [session] : [],
    ...(contract === undefined ? {} : { contract }),
  }
}
