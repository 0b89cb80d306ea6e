import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

/**
 * Lets this thread alone yield the processor to others: whoever waits for an answer goes before work that nobody waits
 * for. Only Linux gives threads priorities of their own; elsewhere it does nothing.
 */
export function yieldToOthers(): void {
  try {
    const thread = Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0])
    if (Number.isInteger(thread)) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It is a courtesy.
  }
}
