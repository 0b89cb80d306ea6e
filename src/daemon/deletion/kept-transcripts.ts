import { basename, dirname, relative, sep } from 'node:path'
import type { Home } from '../../stores/home.ts'
import { cursorKind } from '../../stores/records/kinds/source-cursor.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { openRecords } from '../../stores/records/store.ts'

/**
 * Paths of transcripts that were read and are named after a session, or lie in a folder that is. They are the client's,
 * and noted in records of the home.
 */
export async function transcriptsOf(home: Home, session: string): Promise<string[]> {
  const { items } = await openRecords(cursorKind, recordPlace(home)).list()
  const found = items.flatMap(({ value: { root, files } }) =>
    [...files.keys()].filter(path => isNamedAfter(relative(root, path), session)),
  )
  return [...new Set(found)].sort()
}

/** Names of files end with the session, before what says how they are written: `rollout-<time>-<session>.jsonl.zst`. */
function isNamedAfter(path: string, session: string): boolean {
  const [stem = ''] = basename(path).split('.')
  return stem === session || stem.endsWith(`-${session}`) || dirname(path).split(sep).includes(session)
}
