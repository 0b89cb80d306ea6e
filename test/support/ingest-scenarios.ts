import type { Action, Deed } from './ingest-actions.ts'
import type { ProcessOptions } from './ingest-process.ts'
import type { RequestPlan } from './ingest-requests.ts'
import type { Change, TableKind } from './ingest-versions.ts'

/* What a process does while each of its operations fails, ends it, or is overtaken once. */

export interface Scenario {
  readonly name: string
  readonly contract?: TableKind['contract']
  readonly options?: Partial<ProcessOptions>
  /** What was done by processes before, on a disk that does only what is said here. */
  readonly before: readonly Action[]
  /** What the process does, beginning with its own beginning. */
  readonly work: readonly Deed[]
}

const plan: RequestPlan = { rows: 4, seed: 1, named: true, partial: false, flawed: 0, colliding: false }

function ingest(...requests: Partial<RequestPlan>[]): Deed {
  return { do: 'ingest', requests: requests.map(each => ({ ...plan, ...each })) }
}

function next(change: Change): Deed {
  return { do: 'declare next', change, chance: 0 }
}

function quietly(...deeds: Deed[]): Action[] {
  return deeds.map(deed => ({ deed }))
}

const restart: Deed = { do: 'restart' }
const flush: Deed = { do: 'flush' }
const lenient: TableKind['contract'] = { unknownFields: 'discard_value', illTypedValues: 'discard_row' }

/** The table cannot be reached, and the rest of the home can. */
const noTable = { kind: 'fail', at: 1, when: 'before', times: 1e6, code: 'EIO', only: '/tables/' } as const
/** Segments that are flushed stay where they are. */
const noRemoval = {
  kind: 'fail',
  at: 1,
  when: 'before',
  times: 1e6,
  code: 'EIO',
  only: 'remove /home/a home ü/spool',
} as const

export const scenarios: readonly Scenario[] = [
  {
    name: 'taking the first rows of a table',
    before: [],
    work: [ingest({ seed: 2 }, { seed: 3, named: false }), ingest({ seed: 4, rows: 0 }), ingest({ seed: 5, rows: 2 })],
  },
  {
    name: 'writing to one segment after another',
    options: { segmentBytes: 1500 },
    before: quietly(ingest({ seed: 2 }), flush, restart),
    work: [ingest({ seed: 3, rows: 8 }), ingest({ seed: 4, rows: 1, named: false }), ingest({ seed: 5 }), flush],
  },
  {
    name: 'flushing streams of several declarations, one of them newer, with duplicates and damage',
    options: { limits: { rows: 7, bytes: 1e6 } },
    before: [
      ...quietly(ingest({ seed: 2, colliding: true }), ingest({ seed: 3, named: false }), flush, restart),
      ...quietly(ingest({ seed: 4, colliding: true, rows: 6 }), ingest({ seed: 5, rows: 0 })),
      ...quietly({ do: 'damage', file: 0.99, at: 0.75, bit: 2 }),
      ...quietly(next('rename'), ingest({ seed: 6, colliding: true }), next('promote'), ingest({ seed: 7, rows: 3 })),
      { deed: next('add'), trouble: noTable },
      ...quietly(restart, ingest({ seed: 8, rows: 3 }), { do: 'declare older' }, { do: 'repair' }, restart),
    ],
    work: [flush, ingest({ seed: 9, rows: 2 })],
  },
  {
    name: 'flushing rows that are all there already',
    before: quietly(
      ingest({ seed: 2, named: false }),
      flush,
      { do: 'again', which: 0, changed: false },
      { do: 'again', which: 0, changed: false },
      restart,
    ),
    work: [flush],
  },
  {
    name: 'taking rows under one declaration after the other',
    before: [],
    work: [ingest({ seed: 2 }), next('add'), ingest({ seed: 3, rows: 2 }), flush],
  },
  {
    name: 'evolving the table while rows wait',
    before: quietly(ingest({ seed: 2 }), flush, ingest({ seed: 3, colliding: true }), restart),
    work: [next('promote key'), ingest({ seed: 4, rows: 2 }), next('rename key'), ingest({ seed: 5, rows: 2 }), flush],
  },
  {
    name: 'releasing what was flushed before',
    options: { segmentBytes: 1500 },
    before: [
      ...quietly(ingest({ seed: 2 }), ingest({ seed: 3, rows: 8, named: false }), ingest({ seed: 4, rows: 9 })),
      { deed: flush, trouble: noRemoval },
      ...quietly({ do: 'repair' }, { do: 'kill' }),
    ],
    work: [ingest({ seed: 5, rows: 2 }), flush],
  },
  {
    name: 'flushing while the declaration is replaced by an older one',
    before: quietly(ingest({ seed: 2 }), flush, ingest({ seed: 3, named: false }), next('add'), restart),
    work: [ingest({ seed: 4 }), { do: 'put older file' }, flush, ingest({ seed: 5, rows: 2 })],
  },
  {
    name: 'flushing what another process flushed that died then',
    before: quietly(ingest({ seed: 2 }), restart),
    work: [ingest({ seed: 3, rows: 2 }), { do: 'twin dies' }, flush, ingest({ seed: 4, rows: 1 })],
  },
  {
    name: 'discarding rows and values',
    contract: lenient,
    before: [],
    work: [
      ingest({ seed: 1, rows: 1, flawed: 1, named: false }),
      ingest({ seed: 3, rows: 8, flawed: 2, partial: true }),
      flush,
    ],
  },
  {
    name: 'setting rows aside that cannot be written',
    before: quietly(ingest({ seed: 2 }), { do: 'spool a faulty row', seed: 3 }, ingest({ seed: 4 }), restart),
    work: [flush],
  },
]
