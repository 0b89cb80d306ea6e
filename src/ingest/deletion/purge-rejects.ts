import type { FileIO } from '../../iceberg/file-io/file-io.ts'
import { isNotFound } from '../../iceberg/file-io/file-io.ts'
import { micros } from '../../sources/time.ts'
import { eachLine } from '../flush/lines.ts'
import { replaceFile } from '../spool/replace-file.ts'
import type { Grave } from '../tombstones/row-matcher.ts'
import { sessionHash } from '../tombstones/row-matcher.ts'

/** What is among rejected rows and values of those that are to be nowhere. */
export interface PurgedRejects {
  /** Rows that were removed, or would be. */
  readonly rows: number
  /** Rows and values that nobody can tell whose they are. */
  readonly unknown: number
}

/**
 * Removes rejected rows that tombstones tell from the files that hold them. A rejected value says nothing of the row it
 * was in, and so does a row that is no JSON; rows that a condition chose cannot be told here at all.
 * @param directory `spool/<table>/rejects`; nobody writes to it meanwhile
 * @throws whatever reading and writing throw; each file is then as it was, or without the rows
 */
export async function purgeRejects(
  io: FileIO,
  directory: string,
  graves: readonly Grave[],
  dryRun: boolean,
): Promise<PurgedRejects> {
  const count = { rows: 0, unknown: 0 }
  for (const name of (await io.list(directory)).filter(file => file.endsWith('.ndjson')).sort()) {
    const path = `${directory}/${name}`
    const bytes = await io.read(path).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    if (bytes === undefined) continue
    const kept: string[] = []
    let rows = 0
    await eachLine(bytes, line => {
      const verdict = judge(line, graves)
      if (verdict === 'one of them') rows++
      else kept.push(`${line}\n`)
      if (verdict === 'unknown') count.unknown++
    })
    count.rows += rows
    if (rows === 0 || dryRun) continue
    if (kept.length === 0) await io.remove(path)
    else await replaceFile(io, path, [Buffer.from(kept.join(''))])
    await io.syncDirectory(directory)
  }
  return count
}

type Verdict = 'one of them' | 'another' | 'unknown'

function judge(line: string, graves: readonly Grave[]): Verdict {
  const reject = objectOf(line)
  const content = reject?.['discarded'] === 'row' ? objectOf(reject['content']) : undefined
  if (content === undefined || graves.length === 0) return 'unknown'
  const verdicts = graves.map(grave => judgeRow(content, grave))
  if (verdicts.includes('one of them')) return 'one of them'
  return verdicts.includes('unknown') ? 'unknown' : 'another'
}

function judgeRow(row: Readonly<Record<string, unknown>>, { tableUuid, what }: Grave): Verdict {
  // A key has the form that a table gives it, and this row never was in one.
  if (what.kind === 'keys') return 'unknown'
  if (what.kind === 'before') {
    const [at, limit] = [micros(row[what.column]), micros(what.instant)]
    if (at === null || limit === null) return 'unknown'
    return at < limit ? 'one of them' : 'another'
  }
  const session = what.columns.map(column => row[column]).find(value => value !== null && value !== undefined)
  if (typeof session !== 'string' && typeof session !== 'number') return 'unknown'
  return sessionHash(tableUuid, session) === what.hash ? 'one of them' : 'another'
}

function objectOf(text: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
