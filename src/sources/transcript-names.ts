import { basename } from 'node:path'
import { threadOfName } from './codex/file-name.ts'

/** What a path says of whose transcript it is: its name, the thread that a rollout is named after, the folder of a session. Pure. */
export function transcriptNames(path: string): string[] {
  const name = basename(path).replace(/\.(?:jsonl|json)(?:\.zst)?$/, '')
  const thread = name.startsWith('rollout-') ? threadOfName(path) : null
  const folder = /\/([^/]+)\/subagents\//.exec(path)?.[1]
  return [name, ...(thread === null ? [] : [thread]), ...(folder === undefined ? [] : [folder])]
}
