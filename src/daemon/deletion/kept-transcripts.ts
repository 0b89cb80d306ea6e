import { transcriptNames } from '../../sources/transcript-names.ts'
import type { Home } from '../../stores/home.ts'
import { cursorKind } from '../../stores/records/kinds/source-cursor.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { openRecords } from '../../stores/records/store.ts'

/** Paths of transcripts that were read and are named after a session. They are the client's, and noted in records of the home. */
export async function transcriptsOf(home: Home, session: string): Promise<string[]> {
  const { items } = await openRecords(cursorKind, recordPlace(home)).list()
  const paths = new Set(items.flatMap(({ value }) => [...value.files.keys()]))
  return [...paths].filter(path => transcriptNames(path).includes(session)).sort()
}
