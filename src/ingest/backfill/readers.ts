import { type SourceName, sources } from '../../sources/catalogue.ts'
import type { SourceReader, Whereabouts } from '../../sources/source.ts'
import { type BackfillRequest, whereaboutsOf } from './backfill-request.ts'

/** The readers of sources, each opened once. */
export function readersOf(request: BackfillRequest, where: Whereabouts): (source: SourceName) => SourceReader {
  const readers = new Map<SourceName, SourceReader>()
  return source => {
    let reader = readers.get(source)
    if (reader === undefined)
      readers.set(source, (reader = sources[source].open(whereaboutsOf(where, source, request))))
    return reader
  }
}
