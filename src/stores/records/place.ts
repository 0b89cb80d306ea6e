import { randomBytes, randomUUID } from 'node:crypto'
import { localFileIO } from '../../iceberg/file-io/local.ts'
import type { Home } from '../home.ts'
import type { RecordPlaceOptions } from './store.ts'

/** Where the records of a home lie, with the machine's own clock, chance and names. */
export function recordPlace({ records }: Pick<Home, 'records'>): RecordPlaceOptions & {
  readonly now: () => number
  readonly randomBytes: (length: number) => Uint8Array
} {
  return { io: localFileIO, directory: records, uniqueName: randomUUID, now: Date.now, randomBytes }
}
