import { parentPort } from 'node:worker_threads'
import { failureWord } from '../thread.ts'
import { checkBatch } from './batch.ts'
import type { CheckOrder, CheckWord } from './check-thread.ts'
import { type RowChecker, rowChecker } from './contract.ts'

/*
 * The thread that checks bodies: it takes them apart, parses each row and holds
 * it against its declaration.
 */

const checkers = new Map<number, RowChecker>()
const say = (word: CheckWord, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(word, [...transfer])

// Nobody else has work for this thread.
const breathe = (): undefined => undefined

parentPort?.on('message', (order: CheckOrder) => {
  if (order.type === 'declare') checkers.set(order.as, rowChecker(order.declaration))
  else if (order.type === 'forget') checkers.delete(order.as)
  else void check(order)
})

async function check({ id, body, format, as }: Extract<CheckOrder, { type: 'check' }>): Promise<void> {
  try {
    const batch = await checkBatch(body, format, checkers.get(as) as RowChecker, { breathe })
    const { buffer, byteLength } = batch.bytes
    // What is cut from a greater buffer of others stays there, and a copy goes.
    const isOwn = buffer === body.buffer || buffer.byteLength === byteLength
    say({ type: 'checked', id, batch }, isOwn && buffer instanceof ArrayBuffer ? [buffer] : [])
  } catch (error) {
    say({ ...failureWord(error, false), id })
  }
}
