/**
 * Two things that only one of several lanes does at a time, each in the order
 * of the lanes: reading files, and storing what was read. While one stores, the
 * next reads, and what is stored comes in the order in which it was read.
 */
export interface Turns {
  /** Waits for the turn to read. @returns the place of the file that is next */
  readonly toRead: () => Promise<number>
  /** Ends the turn. @param next the place of the file that is next */
  readonly endRead: (next: number) => void
  /** Waits for the turn to store. */
  readonly toStore: () => Promise<void>
  readonly endStore: () => void
}

/** What one lane hands to the next. */
export type Baton = { readonly type: 'read'; readonly next: number } | { readonly type: 'store' }

/** The turns of one lane. @param pass gives a baton to the lane whose turn is next */
export interface LaneTurns extends Turns {
  /** Takes a baton from the lane before. */
  readonly receive: (baton: Baton) => void
  /** Ends all waiting. */
  readonly fail: (error: Error) => void
}

export function newTurns(pass: (baton: Baton) => void): LaneTurns {
  const read = newMailbox<number>()
  const store = newMailbox<undefined>()
  return {
    toRead: read.take,
    endRead: next => pass({ type: 'read', next }),
    toStore: store.take,
    endStore: () => pass({ type: 'store' }),
    receive: baton => (baton.type === 'read' ? read.put(baton.next) : store.put(undefined)),
    fail: error => {
      read.fail(error)
      store.fail(error)
    },
  }
}

/** The turns of a lane that is alone: it is always its own. */
export function ownTurns(): Turns {
  const turns: LaneTurns = newTurns(baton => turns.receive(baton))
  turns.receive({ type: 'read', next: 0 })
  turns.receive({ type: 'store' })
  return turns
}

interface Mailbox<Item> {
  readonly put: (item: Item) => void
  readonly take: () => Promise<Item>
  readonly fail: (error: Error) => void
}

/** Holds what came until it is taken; one takes at a time. */
function newMailbox<Item>(): Mailbox<Item> {
  const items: Item[] = []
  let waiting: { resolve(item: Item): void; reject(error: Error): void } | undefined
  let failure: Error | undefined
  return {
    put: item => {
      if (waiting === undefined) items.push(item)
      else waiting.resolve(item)
      waiting = undefined
    },
    take: () =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) reject(failure)
        else if (items.length > 0) resolve(items.shift() as Item)
        else waiting = { resolve, reject }
      }),
    fail: error => {
      failure = error
      waiting?.reject(error)
      waiting = undefined
    },
  }
}
