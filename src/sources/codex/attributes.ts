import { put } from '../json.ts'
import type { Item } from './item.ts'
import type { Part } from './part.ts'
import { missingParent } from './replay.ts'
import type { Thread } from './thread.ts'
import type { Place, Track } from './track.ts'
import type { Usage } from './usage.ts'

/** What the rows of one message say under `attributes`, beside what each part says for itself. */
export interface Told {
  readonly thread: Thread
  readonly item: Item
  readonly place: Place
  readonly timestamp: unknown
  readonly usage: Usage | null
}

/** JSON text of `attributes` for one row. */
export function attributesText(track: Track, told: Told, part: Part, index: number): string {
  const { thread, item, place, usage } = told
  const codex: Record<string, unknown> = { ...thread.attributes, ...track.turn.attributes }
  put(codex, 'harness', part.harness)
  put(codex, 'parent_missing', missingParent(track.replay))
  if (index === 0) {
    const { phase, ...rest } = item.rest
    put(codex, 'phase', phase)
    put(codex, 'item', rest)
    put(codex, 'history_base', thread.base?.told)
    if (place.isFirst) put(codex, 'thread', thread.description)
    put(codex, 'total_token_usage', usage?.totals)
    put(codex, 'model_context_window', usage?.contextWindow)
    if (usage?.from === 'totals') codex['usage_from'] = 'totals'
  }
  if (place.createdAtFrom !== 'line') {
    put(codex, 'created_at_from', place.createdAtFrom)
    put(codex, 'timestamp', told.timestamp)
  }
  const attributes: Record<string, unknown> = {}
  put(attributes, 'codex', codex)
  attributes['client'] = { name: 'codex', version: thread.clientVersion ?? undefined }
  put(attributes, 'usage', usage?.last)
  attributes['gateway'] = { source: 'backfill' }
  return JSON.stringify(attributes)
}
