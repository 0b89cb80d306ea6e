import { printRecord } from '../../stores/records/kind.ts'
import { type SegmentHeader, segmentKind } from '../../stores/records/kinds/spool-segment.ts'
import { readRecord } from '../../stores/records/upgrade.ts'
import { encodeHead } from './frame.ts'

/** What a segment begins with: its header, twice, so that one damaged spot does not cost it. */
export function encodeHeader(header: SegmentHeader): Uint8Array {
  const frame = encodeHead('header', Buffer.from(printRecord(segmentKind, header)))
  return Buffer.concat([frame, frame])
}

/**
 * @param meta the JSON of a header frame
 * @throws HypError RECORD_NEWER, RECORD_UNREADABLE
 */
export function decodeHeader(meta: Uint8Array, path: string): SegmentHeader {
  const text = Buffer.from(meta.buffer, meta.byteOffset, meta.byteLength).toString()
  return readRecord(segmentKind, text, { path }).value
}
