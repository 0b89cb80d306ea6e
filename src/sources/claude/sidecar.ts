import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { isObject, type JsonObject, wellFormed } from '../json.ts'
import type { Unreadable } from '../source.ts'
import { systemCode, unreadable } from '../unreadable.ts'

/** Clients write some hundred bytes, and every row of the agent has them; what is longer is none of theirs. */
const maxSidecarBytes = 16 << 10

/**
 * What the client notes about a subagent in `agent-<id>.meta.json` beside its transcript: who it is, which tool call
 * started it. Most transcripts have none; one that cannot be used costs nothing but itself.
 */
export async function readSidecar(transcript: string, problems: Unreadable[]): Promise<JsonObject | null> {
  if (!basename(transcript).startsWith('agent-')) return null
  const path = transcript.replace(/\.jsonl$/, '.meta.json')
  try {
    const stats = await stat(path)
    // Opening a pipe would wait for somebody who writes into it.
    if (!stats.isFile()) {
      problems.push({ path, reason: 'it is not a file' })
      return null
    }
    if (stats.size > maxSidecarBytes) {
      problems.push({ path, reason: 'it is larger than 16 KiB' })
      return null
    }
    const sidecar = wellFormed(JSON.parse(await readFile(path, 'utf8')))
    if (isObject(sidecar)) return sidecar
    problems.push({ path, reason: 'it is not a JSON object' })
  } catch (error) {
    if (error instanceof SyntaxError) problems.push({ path, reason: 'it is not JSON' })
    else if (error instanceof RangeError) problems.push({ path, reason: 'its JSON is nested too deeply' })
    else if (systemCode(error) !== 'ENOENT') problems.push(unreadable(path, error))
  }
  return null
}
