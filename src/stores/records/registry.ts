import type { RecordKind } from './kind.ts'
import { backupKind } from './kinds/backup.ts'
import { cursorKind } from './kinds/source-cursor.ts'
import { segmentKind } from './kinds/spool-segment.ts'
import { taskKind } from './kinds/task.ts'
import { tombstoneKind } from './kinds/tombstone.ts'

/** Every kind of record, by name. */
export const recordKinds: readonly RecordKind<unknown>[] = [
  backupKind,
  cursorKind,
  segmentKind,
  taskKind,
  tombstoneKind,
]

/** The kinds that have files of their own; the header of a spool segment lies in the segment. */
export const fileKinds: readonly RecordKind<unknown>[] = [backupKind, cursorKind, taskKind, tombstoneKind]
