import type { RecordKind } from './kind.ts'
import { cursorKind } from './kinds/source-cursor.ts'
import { segmentKind } from './kinds/spool-segment.ts'
import { taskKind } from './kinds/task.ts'

/** Every kind of record, by name. */
export const recordKinds: readonly RecordKind<unknown>[] = [cursorKind, segmentKind, taskKind]

/** The kinds that have files of their own; the header of a spool segment lies in the segment. */
export const fileKinds: readonly RecordKind<unknown>[] = [cursorKind, taskKind]
