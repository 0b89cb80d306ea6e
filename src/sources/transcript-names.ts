import { basename } from 'node:path'

/** What a path says of whose transcript it is: its name, what a rollout's name ends with, the folder of a session. Pure. */
export function transcriptNames(path: string): string[] {
  const name = basename(path).replace(/\.(?:jsonl|json)(?:\.zst)?$/, '')
  const thread = /^rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+)$/.exec(name)?.[1]
  const folder = /\/([^/]+)\/subagents\//.exec(path)?.[1]
  return [name, ...(thread === undefined ? [] : [thread]), ...(folder === undefined ? [] : [folder])]
}
