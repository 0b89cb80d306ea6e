import type { Json } from '../../../iceberg/types.ts'
import type { Declaration } from '../../../schema/declaration.ts'
import { defineKind, type RawRecord, type RecordKind } from '../kind.ts'
import { countAt, isObject, listAt, objectAt, orNull, RecordMistake, textAt, timeAt, within } from '../member.ts'

/** What the first frame of a spool segment says. */
export interface SegmentHeader {
  /** UUID v7 of the stream. */
  readonly stream: string
  /** From 1. */
  readonly segment: number
  readonly table: string
  /** What its rows were captured under. */
  readonly declaration: Declaration
  /** RFC 3339, UTC. */
  readonly openedAt: string
  /**
   * The last segment before this one in which anything was acknowledged, and how many of its bytes count; those between
   * the two do not count at all. Null in the first one, and where it was not noted.
   */
  readonly previous: { readonly segment: number; readonly end: number } | null
}

/** Segments are append-only, so a header of an older version is brought up to date in memory and never in its file. */
export const segmentKind: RecordKind<SegmentHeader> = defineKind<SegmentHeader>({
  name: 'spool_segment',
  version: 2,
  steps: { 1: namePrevious },
  print: ({ stream, segment, table, declaration, openedAt, previous }) => ({
    stream,
    segment,
    table,
    declaration: printDeclaration(declaration),
    opened_at: openedAt,
    previous,
  }),
  parse: raw => ({
    stream: textAt(raw, 'stream'),
    segment: positiveAt(raw, 'segment'),
    table: textAt(raw, 'table'),
    declaration: within('declaration', () => parseDeclaration(objectAt(raw, 'declaration'))),
    openedAt: timeAt(raw, 'opened_at'),
    previous: orNull(parsePrevious, raw, 'previous'),
  }),
})

/** 1 → 2: the moment as a text like everywhere else, and which segment failed before; before 2 none was followed. */
function namePrevious(raw: RawRecord): RawRecord {
  const { opened_at_ms: ms, ...others } = raw
  const moment = typeof ms === 'number' ? new Date(ms) : undefined
  const opened = moment === undefined || Number.isNaN(moment.getTime()) ? {} : { opened_at: moment.toISOString() }
  return { previous: null, ...opened, ...others }
}

function parsePrevious(raw: RawRecord, name: string): NonNullable<SegmentHeader['previous']> {
  const previous = objectAt(raw, name)
  return within(name, () => ({
    ...previous,
    segment: positiveAt(previous, 'segment'),
    end: countAt(previous, 'end'),
  }))
}

function positiveAt(raw: RawRecord, name: string): number {
  const value = countAt(raw, name)
  if (value === 0) throw new RecordMistake(`has ${name} 0`)
  return value
}

/** A declaration is JSON but for members that are not there. */
function printDeclaration(declaration: Declaration): Json {
  return withoutAbsent(declaration) as Json
}

function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, withoutAbsent(member)]])),
  )
}

/** What every use of a declaration relies on is checked; the rest it has from when it was written. */
function parseDeclaration(raw: RawRecord): Declaration {
  textAt(raw, 'table')
  countAt(raw, 'release')
  for (const [index, column] of listAt(raw, 'columns').entries())
    within(`column ${index + 1}`, () => {
      if (!isObject(column)) throw new RecordMistake('is no object')
      textAt(column, 'name')
      const { type } = column
      if (typeof type !== 'string' && !(isObject(type) && typeof type['type'] === 'string'))
        throw new RecordMistake('has no type')
    })
  for (const column of listAt(raw, 'identifier'))
    if (typeof column !== 'string') throw new RecordMistake('has an identifier that is no list of names')
  listAt(raw, 'partitionBy')
  listAt(raw, 'sortBy')
  return raw as unknown as Declaration
}
