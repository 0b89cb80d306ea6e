import { expect, test } from 'vitest'
import { formatResult, resultFormats } from '../../../src/query/format/format.ts'
import type { QueryResult, ResultBatch } from '../../../src/query/result.ts'

/** A result of many batches that counts how many were asked for. */
function counted(batches: number): { result: QueryResult; taken: () => number } {
  let taken = 0
  async function* generate(): AsyncGenerator<ResultBatch> {
    for (let index = 0; index < batches; index++) {
      taken++
      yield await Promise.resolve({ rowCount: 2000, columns: [Array.from({ length: 2000 }, () => 'some text')] })
    }
  }
  const columns = [{ name: 'text', type: { kind: 'text' }, sqlType: 'VARCHAR' }] as const
  return { result: { columns, batches: generate(), close: () => undefined }, taken: () => taken }
}

test.each(resultFormats)('%s takes no more rows from the query while what it wrote is not taken', async format => {
  const { result, taken } = counted(50)
  let ahead = 0
  let pieces = 0
  await formatResult(result, format, async () => {
    pieces++
    const before = taken()
    await new Promise(resolve => setImmediate(resolve))
    ahead = Math.max(ahead, taken() - before)
  })
  expect(taken()).toBe(50)
  expect(pieces).toBeGreaterThanOrEqual(50)
  expect(ahead).toBe(0)
})

test.each(resultFormats)('%s passes on the error of its reader, and of the query', async format => {
  const failing = formatResult(counted(5).result, format, () => Promise.reject(new Error('EPIPE')))
  await expect(failing).rejects.toThrow('EPIPE')
  async function* batches(): AsyncGenerator<ResultBatch> {
    yield await Promise.resolve({ rowCount: 1, columns: [['text']] })
    throw new Error('the query failed')
  }
  const broken = { ...counted(1).result, batches: batches() }
  await expect(formatResult(broken, format, () => undefined)).rejects.toThrow('the query failed')
})
