import { basename } from 'node:path'

/** How a rollout is written: lines, lines under zstd, or one JSON document of the first clients. */
export type RolloutFormat = 'lines' | 'zst' | 'document'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const uuidAtEnd = new RegExp(`(${uuid})$`, 'i')
/** The day or second in the name is local time, and says nothing that can be relied on. */
const stamp = /^rollout-\d{4}-\d{2}-\d{2}(?:T\d{2}-\d{2}-\d{2})?-/

/** How a file of that name is written, undefined for a file that is no rollout. */
export function rolloutFormat(name: string): RolloutFormat | undefined {
  if (name.endsWith('.jsonl')) return 'lines'
  if (name.endsWith('.jsonl.zst')) return 'zst'
  return name.startsWith('rollout-') && name.endsWith('.json') ? 'document' : undefined
}

/** The thread a rollout is named after; null where its name tells none. */
export function threadOfName(path: string): string | null {
  const stem = basename(path).replace(/\.(?:jsonl\.zst|jsonl|json)$/, '')
  const id = uuidAtEnd.exec(stem)?.[1]
  if (id !== undefined) return id
  const rest = stem.replace(stamp, '')
  return rest === stem || rest === '' ? null : rest
}
