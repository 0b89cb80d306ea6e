import { currentSchema } from '../../src/iceberg/ids.ts'
import type { Cell, Field, Type } from '../../src/iceberg/types.ts'
import { pyicebergRead } from './foreign.ts'
import { inOrder, type Plain, spelled } from './foreign-cells.ts'
import type { Ask } from './foreign-process.ts'
import { fromPython } from './foreign-pyiceberg.ts'
import { readRows, type TestTable } from './table.ts'

type PlainRow = Readonly<Record<string, Plain>>

/** Rows of one table as each reads them, in one order; or the reason why they cannot be read. */
export interface Reading {
  readonly ours: readonly PlainRow[]
  readonly java: readonly PlainRow[] | string
  /** {@link withoutEmptyLists}. */
  readonly pyiceberg: readonly PlainRow[] | string
  readonly oursForPyIceberg: readonly PlainRow[]
}

/** Reads a table as it is with all three. */
export async function readingOf({ table, directory }: TestTable, java: Ask): Promise<Reading> {
  const { fields } = currentSchema(table.metadata)
  const rows = (await readRows(table)).map(row => mapCells(fields, name => row[name], spelled))
  const ofJava = orReason(async () => {
    const { rows: theirs } = (await java({ do: 'rows', table: directory })) as { rows: readonly PlainRow[] }
    return inOrder(
      theirs.map(row =>
        mapCells(
          fields,
          name => row[name] ?? null,
          (_type, value) => fromPython(value),
        ),
      ),
    )
  })
  const emptied = (all: readonly PlainRow[]): readonly PlainRow[] =>
    inOrder(all.map(row => mapCells(fields, name => row[name] ?? null, withoutEmptyLists)))
  const ofPyIceberg = orReason(async () => emptied((await pyicebergRead(table.path(table.metadataLocation))).rows))
  return {
    ours: inOrder(rows),
    java: await ofJava,
    pyiceberg: await ofPyIceberg,
    oursForPyIceberg: emptied(rows),
  }
}

async function orReason(read: () => Promise<readonly PlainRow[]>): Promise<readonly PlainRow[] | string> {
  try {
    return await read()
  } catch (error) {
    return (error as Error).message
  }
}

function mapCells<Given extends Cell | Plain>(
  fields: readonly Field[],
  given: (name: string) => Given,
  spell: (type: Type, value: Given) => Plain,
): PlainRow {
  return Object.fromEntries(fields.map(({ name, type }) => [name, spell(type, given(name))]))
}

/**
 * PyIceberg gives an empty list or map where one of structs is null, as long as
 * the column is in the file, so here both are null.
 */
function withoutEmptyLists(type: Type, value: Plain): Plain {
  if (value === null || typeof type === 'string') return value
  if (type.type === 'struct') {
    const { struct } = value as { struct: PlainRow }
    return { struct: mapCells(type.fields, name => struct[name] ?? null, withoutEmptyLists) }
  }
  const items = value as readonly Plain[]
  const inner = type.type === 'list' ? type.element : type.value
  if (items.length === 0 && typeof inner !== 'string' && inner.type === 'struct') return null
  if (type.type === 'list') return items.map(item => withoutEmptyLists(type.element, item))
  return (items as readonly (readonly [Plain, Plain])[]).map(([key, item]) => [
    withoutEmptyLists(type.key, key),
    withoutEmptyLists(type.value, item),
  ])
}
