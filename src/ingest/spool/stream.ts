import { uuidV7 } from '../../stores/uuid-v7.ts'

/*
 * A stream is what one run of a process wrote to a spool under one declaration.
 * It is named by a UUID v7 (RFC 9562 §5.7), so that names sort by time, and
 * lies in segments: files that are numbered from 1.
 */

/** Which segment of which stream. */
export interface SegmentName {
  readonly stream: string
  /** From 1. */
  readonly segment: number
}

/** A clock that says more, in the year 6429, is wrong. What is above is left for names that have to be greater than another. */
const latestTime = 2 ** 47
const digits = 6

/** Whether a text is the name of a stream: a UUID v7 in lower case whose time leaves room for a later one. */
export function isStreamId(text: string): boolean {
  return /^(?!ffff)[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text)
}

/**
 * A new name, greater than another one even where the clock went back.
 * @param now milliseconds since 1970
 */
export function newStreamId(now: number, randomBytes: (count: number) => Uint8Array, after?: string): string {
  const chance = randomBytes(10)
  const time = Math.min(Math.max(0, Math.trunc(now)), latestTime)
  if (after === undefined) return uuidV7(time, chance)
  const other = timeOf(after)
  const id = uuidV7(Math.max(time, other), chance)
  return id > after ? id : uuidV7(other + 1, chance)
}

/** Names in the order of streams, and of segments in each. */
export function compareSegments(a: SegmentName, b: SegmentName): number {
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1
  return a.segment - b.segment
}

export function segmentFile(name: SegmentName): string {
  return `${segmentText(name)}.seg`
}

/** The file that keeps a segment's idempotency keys when its rows are flushed and it is gone. */
export function keysFile(name: SegmentName): string {
  return `${segmentText(name)}.keys`
}

/** `<stream>.<n>`, as files of a segment are named. */
export function segmentText({ stream, segment }: SegmentName): string {
  return `${stream}.${String(segment).padStart(digits, '0')}`
}

/** Undefined for a file that is no segment. */
export function parseSegmentFile(file: string): SegmentName | undefined {
  return file.endsWith('.seg') ? parseSegmentText(file.slice(0, -'.seg'.length)) : undefined
}

/** Undefined for a file that holds no keys. */
export function parseKeysFile(file: string): SegmentName | undefined {
  return file.endsWith('.keys') ? parseSegmentText(file.slice(0, -'.keys'.length)) : undefined
}

/** The reverse of {@link segmentText}. */
export function parseSegmentText(text: string): SegmentName | undefined {
  const dot = text.indexOf('.')
  const name = { stream: text.slice(0, dot), segment: Number(text.slice(dot + 1)) }
  // Only the one spelling that is written: no two files can be the same segment.
  const known = isStreamId(name.stream) && Number.isSafeInteger(name.segment) && name.segment > 0
  return known && segmentText(name) === text ? name : undefined
}

/** When a stream was begun, in milliseconds since 1970; a little later where the clock had gone back. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}
