import { type JsonObject, text } from '../json.ts'
import type { Thread } from './thread.ts'

/** What is known of a thread that others were made from. */
export interface KnownThread {
  /** Ids of its turns, those of its own copied history among them. */
  readonly turns: ReadonlySet<string>
  /** Digests of its items; undefined until somebody asks for them. */
  readonly items: ReadonlySet<string> | undefined
}

/**
 * How far a file is a copy of another thread's history. A fork's file, and that of some subagents, begins with one.
 * `own`: no more. `ordinal`: lines below a number are. `turns`: turns that the parent has are, up to the first that it
 * has not.
 */
export type Replay =
  | { readonly by: 'own' }
  | { readonly by: 'ordinal'; readonly start: number }
  | {
      readonly by: 'turns'
      /** The thread that the copy is of. */
      readonly parentId: string
      /** Undefined until it is looked for, null where it was not found. */
      readonly parent: KnownThread | null | undefined
      /** A turn of the parent was begun. */
      readonly isInside: boolean
    }

export const own: Replay = { by: 'own' }

/** Before anything but the thread's own description was read. */
export function replayOf(thread: Thread): Replay {
  if (thread.ownFrom !== null) return { by: 'ordinal', start: thread.ownFrom }
  // What such a thread was made from is told by reference.
  if (thread.base !== null) return own
  if (thread.forkedFrom === null || thread.forkedFrom === thread.threadId) return own
  return { by: 'turns', parentId: thread.forkedFrom, parent: undefined, isInside: false }
}

/** After another description of a thread: if it is not the file's own, it came with a copy of the parent's history. */
export function afterMeta(replay: Replay, thread: Thread, meta: JsonObject, hasRows: boolean): Replay {
  const foreign = text(meta['id'])
  if (foreign === null || foreign === thread.threadId || replay.by === 'ordinal' || thread.base !== null) return replay
  // In the middle of a thread's own history it tells nothing of its beginning.
  if (replay.by === 'own' && hasRows) return replay
  if (replay.by === 'turns') return replay
  const { parentThreadId } = thread
  const parentId = parentThreadId === null || parentThreadId === thread.threadId ? foreign : parentThreadId
  return { by: 'turns', parentId, parent: undefined, isInside: false }
}

/** After the beginning of a turn. */
export function afterTurn(replay: Replay, turnId: string | null): Replay {
  if (replay.by !== 'turns' || !replay.parent || turnId === null) return replay
  if (!replay.parent.turns.has(turnId)) return own
  return replay.isInside ? replay : { ...replay, isInside: true }
}

/**
 * Whether an item here can only be told by what the parent says: a copy of its last turns may begin in the middle of
 * one, and old turns have no ids.
 */
export function lacksItems(replay: Replay): boolean {
  return replay.by === 'turns' && !!replay.parent && !replay.isInside && !replay.parent.items
}

/** Whether what stands here is copied, and what holds from here on; `digest` is asked for only where it decides. */
export function atItem(
  replay: Replay,
  ordinal: number,
  digest: () => string,
): { readonly isCopy: boolean; readonly replay: Replay } {
  if (replay.by === 'ordinal') return { isCopy: ordinal < replay.start, replay }
  if (replay.by === 'own' || !replay.parent) return { isCopy: false, replay }
  if (replay.isInside) return { isCopy: true, replay }
  const isCopy = replay.parent.items?.has(digest()) === true
  // Without ids of turns, the first item that the parent has not begins what is the thread's own.
  return { isCopy, replay: isCopy || replay.parent.turns.size > 0 ? replay : own }
}

/** Whether what stands here and is no item is copied. */
export function isCopied(replay: Replay, ordinal: number): boolean {
  if (replay.by === 'ordinal') return ordinal < replay.start
  return replay.by === 'turns' && !!replay.parent
}

/** The thread a copy comes from, where it was not found; null where none is missing. */
export function missingParent(replay: Replay): string | null {
  return replay.by === 'turns' && replay.parent === null ? replay.parentId : null
}
