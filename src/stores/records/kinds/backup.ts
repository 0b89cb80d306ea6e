import { defineKind, type RecordKind } from '../kind.ts'
import { isObject, listAt, RecordMistake, textAt, timeAt, within } from '../member.ts'

/** A backup that was made of a home: it holds rows that may have to be deleted there too. */
export interface NotedBackup {
  /** Whole path. */
  readonly directory: string
  /** RFC 3339, UTC, as its `backup.json` says it. */
  readonly createdAt: string
  readonly tables: readonly { readonly table: string; readonly uuid: string }[]
}

export const backupKind: RecordKind<NotedBackup> = defineKind<NotedBackup>({
  name: 'backup',
  version: 1,
  steps: {},
  print: ({ directory, createdAt, tables }) => ({
    directory,
    created_at: createdAt,
    tables: tables.map(({ table, uuid }) => ({ table, uuid })),
  }),
  parse: raw => ({
    directory: textAt(raw, 'directory'),
    createdAt: timeAt(raw, 'created_at'),
    tables: listAt(raw, 'tables').map(table =>
      within('tables', () => {
        if (!isObject(table)) throw new RecordMistake('are no list of objects')
        return { table: textAt(table, 'table'), uuid: textAt(table, 'uuid') }
      }),
    ),
  }),
})
