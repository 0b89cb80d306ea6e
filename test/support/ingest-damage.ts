import { createHash } from 'node:crypto'
import { makeDurable } from '../../src/iceberg/catalog/catalog.ts'
import { comparePositions, positionsOf } from '../../src/ingest/spool/position.ts'
import { type Frame, openStreams, readFrames } from '../../src/ingest/spool/read.ts'
import { openSpool } from '../../src/ingest/spool/spool.ts'
import { parseSegmentFile } from '../../src/ingest/spool/stream.ts'
import { directories, loadTable } from './ingest-check.ts'
import { spoolFiles } from './ingest-copies.ts'
import { type Attempt, forget, type Ledger, newAttempt } from './ingest-ledger.ts'
import { newContext } from './ingest-process.ts'
import { bodyOf, judge } from './ingest-requests.ts'
import { newRequest } from './ingest-sending.ts'
import { declarationOf, table, type Version } from './ingest-versions.ts'
import type { PowerDisk } from './power-file-io.ts'

/** Where a bit is changed: parts of the number of files and of the length of one. */
export interface DamagePlace {
  readonly file: number
  readonly at: number
  readonly bit: number
}

/** Changes one bit of a file in the spool, and notes what may be lost by that. */
export async function damageSpool(disk: PowerDisk, ledger: Ledger, { file, at, bit }: DamagePlace): Promise<void> {
  const files = spoolFiles(disk).filter(([, bytes]) => bytes.byteLength > 0)
  const [name, bytes] = files[Math.floor(file * files.length)] ?? []
  if (name === undefined || bytes === undefined) return
  const offset = Math.floor(at * bytes.byteLength)
  const path = `${directories.spool}/${name}`
  const flip = (): void => disk.damage(path, offset, 1 << bit)
  if (!name.endsWith('.seg')) {
    forget(ledger, () => true)
    return flip()
  }
  const frame = await frameAt(disk, path, offset)
  if (frame === undefined) return
  if (frame === 'header') {
    // One of the two is left.
    if (!ledger.damagedHeaders.has(name)) flip()
    ledger.damagedHeaders.add(name)
    return
  }
  flip()
  forget(ledger, (_known, key) => createHash('sha256').update(key).digest('hex') === frame.meta.key)
  const attempt = attemptOf(frame, ledger)
  // What is in the table already needs its frame no more.
  if (attempt === undefined || (await isFlushed(disk, name, frame))) return
  attempt.damaged = (disk.contents(directories.spool).get(path) as Uint8Array).slice(frame.start, frame.end)
}

/** What lies there: a whole batch or a header; undefined for anything else. */
async function frameAt(disk: PowerDisk, path: string, offset: number): Promise<Frame | 'header' | undefined> {
  const { streams, close } = await openStreams(disk.io, directories.spool)
  try {
    const segment = streams.flatMap(({ segments }) => segments).find(each => each.path === path)
    if (segment === undefined) return undefined
    if (offset < segment.start) return 'header'
    for await (const found of readFrames(segment.file, segment))
      if (found.start <= offset && offset < found.end) return found.kind === 'frame' ? found : undefined
    return undefined
  } finally {
    await close()
  }
}

async function isFlushed(disk: PowerDisk, name: string, { end }: Frame): Promise<boolean> {
  const segment = parseSegmentFile(name)
  const loaded = await loadTable(disk.io)
  // What a power cut may still take back is in the spool alone.
  if (loaded !== undefined) await makeDurable(loaded)
  const positions = positionsOf(loaded?.metadata.properties ?? {})
  const position = segment && positions.get(segment.stream)
  return segment !== undefined && position !== undefined && comparePositions({ ...segment, end }, position) <= 0
}

function attemptOf({ rows }: Frame, { attempts }: Ledger): Attempt | undefined {
  const lines = Buffer.from(rows).toString().split('\n').slice(0, -1)
  const tags = lines.flatMap(line => (JSON.parse(line) as { tag?: string }).tag ?? []).join()
  const same = attempts.filter(
    ({ judged, damaged }) => damaged === undefined && judged.kept.map(({ tag }) => tag).join() === tags,
  )
  return same.find(({ acknowledged, overwritten }) => acknowledged && !overwritten) ?? same[0]
}

/** Another process puts a row into the spool that no table takes, beside one that is well. */
export async function spoolFaulty(disk: PowerDisk, ledger: Ledger, version: Version, seed: number): Promise<void> {
  const context = newContext(ledger)
  const request = newRequest(ledger, { ...onePlainRow, seed }, version)
  const content = `faulty of ${request.number}.`
  const judged = judge(request.rows, version, ledger.kind)
  const attempt = newAttempt(ledger, request, { ...judged, faulty: [content] })
  const spool = await openSpool({
    io: disk.io,
    directory: directories.spool,
    table,
    now: context.now,
    randomBytes: count => Uint8Array.from({ length: count }, () => Math.floor(context.random() * 256)),
  })
  const bytes = Buffer.concat([Buffer.from(`{"text":"${content}"}\n`), bodyOf(request.rows)])
  await spool.append({ rows: 2, bytes }, declarationOf(version, ledger.kind))
  await spool.close()
  attempt.acknowledged = true
}

const onePlainRow = { rows: 1, named: false, partial: false, flawed: 0, colliding: false }
