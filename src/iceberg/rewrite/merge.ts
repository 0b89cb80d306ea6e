import type { RowOrder } from './order.ts'
import { type Batch, compareRows, type OpenPart, type Part } from './part.ts'

/** Rows that follow one another in the order: `batch.rows[from]` to `batch.rows[to - 1]`. */
export interface Run {
  readonly batch: Batch
  readonly from: number
  readonly to: number
  /** What they take in memory, in bytes, about. */
  readonly bytes: number
}

export interface MergeOptions {
  readonly order: RowOrder
  readonly open: (part: Part) => Promise<OpenPart>
  /** Bytes that the batches of all open parts may take together. One part is opened whatever it takes. */
  readonly memoryBytes: number
  /** Told of each batch that was read. */
  readonly onBatch: (batch: Batch) => void
  /** Parts that do not fit in this time, or do not belong where they said: they are to be merged another time. */
  readonly onDeferred: (parts: readonly Part[]) => void
}

/** An open part and the row that it is at. */
interface Cursor {
  readonly open: OpenPart
  batch: Batch
  at: number
}

/**
 * Merges parts that are sorted each by itself. A part is opened when the rows
 * come to where it starts. Whether its rows are in order is looked at as they
 * come: where a batch does not continue the one before it, the rest of the part
 * is deferred, as a part of its own for each batch.
 */
export async function* mergeParts(parts: readonly Part[], options: MergeOptions): AsyncGenerator<Run> {
  const { order, open, memoryBytes, onBatch, onDeferred } = options
  const waiting = parts.toSorted(byStart(order)).toReversed()
  const heap: Cursor[] = []
  let held = 0
  /** The part that is opened next, while rows of others are written. */
  let upcoming: { readonly part: Part; readonly opened: Promise<OpenPart> } | undefined
  let last: { readonly batch: Batch; readonly row: number } | undefined
  try {
    for (;;) {
      while (startsNow()) await start(waiting.pop() as Part)
      const top = heap[0]
      if (top === undefined) {
        if (waiting.length === 0) return
        continue
      }
      const from = top.at
      const to = endOfRun(top)
      last = { batch: top.batch, row: top.batch.rows[to - 1] as number }
      yield { batch: top.batch, from, to, bytes: (to - from) * top.open.rowBytes }
      top.at = to
      if (to === top.batch.rows.length && !(await refill(top))) {
        held -= top.open.bytes
        const moved = heap.pop() as Cursor
        if (heap.length > 0) heap[0] = moved
      }
      sink(0)
    }
  } finally {
    for (const { open: part } of heap) await part.close()
    const opened = await upcoming?.opened.catch(() => undefined)
    await opened?.close()
  }

  function startsNow(): boolean {
    const part = waiting.at(-1)
    const [top] = heap
    if (part === undefined) return false
    if (top === undefined) return true
    // Without an order one follows the other.
    if (order.keys.length === 0) return false
    if (part.start === undefined) return true
    return (order.keys[0]?.compare(part.start, keyAt(top, top.at)) ?? -1) <= 0
  }

  async function start(part: Part): Promise<void> {
    const opened = await (upcoming?.part === part ? upcoming.opened : open(part))
    upcoming = undefined
    prepareNext()
    try {
      if (heap.length > 0 && held + opened.bytes > memoryBytes) {
        onDeferred([part])
        await opened.close()
        return
      }
      const batch = await nextBatch(opened)
      if (batch === undefined) return
      if (
        last !== undefined &&
        compareRows(order, batch.keys, batch.rows[0] as number, last.batch.keys, last.row) < 0
      ) {
        onDeferred([{ ...part, from: batch.rowStart, start: undefined }])
        await opened.close()
        return
      }
      onBatch(batch)
      heap.push({ open: opened, batch, at: 0 })
      held += opened.bytes
      rise(heap.length - 1)
    } catch (error) {
      await opened.close()
      throw error
    }
  }

  function prepareNext(): void {
    const part = waiting.at(-1)
    if (part === undefined) return
    const opened = open(part)
    opened.catch(() => undefined)
    upcoming = { part, opened }
  }

  /** A batch of which nothing is left is told of and passed over. */
  async function nextBatch(opened: OpenPart): Promise<Batch | undefined> {
    for (;;) {
      const batch = await opened.next()
      if (batch === undefined || batch.rows.length > 0) return batch
      onBatch(batch)
    }
  }

  async function refill(cursor: Cursor): Promise<boolean> {
    const { open: opened, batch: before } = cursor
    const batch = await nextBatch(opened)
    if (batch === undefined) return false
    const previous = before.rows.at(-1) as number
    if (compareRows(order, before.keys, previous, batch.keys, batch.rows[0] as number) > 0) {
      onDeferred(piecesOf(opened, batch.rowStart))
      await opened.close()
      return false
    }
    onBatch(batch)
    cursor.batch = batch
    cursor.at = 0
    return true
  }

  /** Rows of the first cursor up to where another one, or a part that waits, comes first. */
  function endOfRun(top: Cursor): number {
    const [, left, right] = heap
    const second = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
    const { start: limit } = waiting.at(-1) ?? {}
    const firstKey = order.keys[0]
    const { rows } = top.batch
    let to = top.at + 1
    while (to < rows.length) {
      if (second !== undefined && comesBefore(second, second.at, top, to)) break
      if (limit !== undefined && firstKey !== undefined && firstKey.compare(limit, keyAt(top, to)) <= 0) break
      to++
    }
    return to
  }

  function keyAt({ batch }: Cursor, at: number): Batch['keys'][number][number] {
    return batch.keys[0]?.[batch.rows[at] as number]
  }

  function comesBefore(a: Cursor, atA: number, b: Cursor, atB: number): boolean {
    const rowA = a.batch.rows[atA] as number
    const rowB = b.batch.rows[atB] as number
    const difference = compareRows(order, a.batch.keys, rowA, b.batch.keys, rowB)
    return difference < 0 || (difference === 0 && a.open.part.number < b.open.part.number)
  }

  function isBefore(a: Cursor, b: Cursor): boolean {
    return comesBefore(a, a.at, b, b.at)
  }

  function sink(place: number): void {
    for (let at = place; ; ) {
      const child = 2 * at + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (left === undefined) return
      const first = right !== undefined && isBefore(right, left) ? child + 1 : child
      if (!isBefore(heap[first] as Cursor, heap[at] as Cursor)) return
      swap(at, first)
      at = first
    }
  }

  function rise(place: number): void {
    for (let at = place; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!isBefore(heap[at] as Cursor, heap[parent] as Cursor)) return
      swap(at, parent)
      at = parent
    }
  }

  function swap(a: number, b: number): void {
    const cursor = heap[a] as Cursor
    heap[a] = heap[b] as Cursor
    heap[b] = cursor
  }
}

/** The rest of a part whose batches are not in order, each by itself. */
function piecesOf({ part, atMost }: OpenPart, from: number): Part[] {
  const pieces: Part[] = []
  const to = Math.min(part.to, part.entry.file.recordCount)
  for (let start = from; start < to; start += atMost)
    pieces.push({ ...part, from: start, to: Math.min(to, start + atMost), start: undefined })
  return pieces
}

/** Parts of which nobody knows where they start come first. */
function byStart({ keys: [first] }: RowOrder): (a: Part, b: Part) => number {
  return (a, b) => {
    if (a.start === undefined || b.start === undefined)
      return Number(a.start !== undefined) - Number(b.start !== undefined) || a.number - b.number
    return (first?.compare(a.start, b.start) ?? 0) || a.number - b.number
  }
}
