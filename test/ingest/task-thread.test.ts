import { expect, onTestFinished, test } from 'vitest'
import { startTaskThread, type TaskThread } from '../../src/ingest/task-thread.ts'

/** What the thread is to do. */
type Task =
  | { readonly do: 'double'; readonly value: number }
  | { readonly do: 'die' }
  | { readonly do: 'wait'; readonly deaf: boolean }

/** A thread of a few lines, in the words of `serveTasks`. */
const program = `
  import { parentPort } from 'node:worker_threads'
  let working = false
  let deaf = false
  parentPort.on('message', order => {
    if (order.type === 'stop') {
      if (!deaf) parentPort.postMessage({ type: 'aborted' })
      return
    }
    const { task } = order
    if (task.do === 'die') process.exit(3)
    if (task.do === 'wait') {
      deaf = task.deaf
      parentPort.postMessage({ type: 'event', event: 'waits' })
      return
    }
    if (working) throw new Error('two tasks at a time')
    working = true
    parentPort.postMessage({ type: 'event', event: 'begins' })
    setTimeout(() => {
      working = false
      if (task.value < 0)
        parentPort.postMessage({ type: 'failed', code: 'USAGE', message: 'below zero', hint: 'none', details: {} })
      else parentPort.postMessage({ type: 'done', result: task.value * 2 })
    }, 5)
  })
`

function start(): TaskThread<Task, number, string> {
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`)
  const thread = startTaskThread<Task, number, string>(url, 'doubling')
  onTestFinished(() => thread.close(0))
  return thread
}

test('tasks are done one after the other, each with its events and result', async () => {
  const thread = start()
  const heard: string[] = []
  const double = (value: number): Promise<number> =>
    thread.run({ do: 'double', value }, undefined, event => heard.push(`${value} ${event}`))
  expect(await Promise.all([double(1), double(2), double(3)])).toEqual([2, 4, 6])
  expect(heard).toEqual(['1 begins', '2 begins', '3 begins'])
})

test('a failure of the work is the error that it was, and the next task is done', async () => {
  const thread = start()
  await expect(thread.run({ do: 'double', value: -1 })).rejects.toMatchObject({ code: 'USAGE', message: 'below zero' })
  expect(await thread.run({ do: 'double', value: 4 })).toBe(8)
})

test('an aborted task says so, also before it began', async () => {
  const thread = start()
  const abort = new AbortController()
  const waiting = thread.run({ do: 'wait', deaf: false }, abort.signal, () => abort.abort())
  await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED', message: 'The doubling was interrupted.' })
  await expect(thread.run({ do: 'double', value: 1 }, abort.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' })
  expect(await thread.run({ do: 'double', value: 1 })).toBe(2)
})

test('a thread that ends in the middle of a task fails it, and the next task has a new one', async () => {
  const thread = start()
  await expect(thread.run({ do: 'die' })).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'The doubling thread ended with 3.',
  })
  expect(await thread.run({ do: 'double', value: 5 })).toBe(10)
})

test('closing waits for what was ordered', async () => {
  const thread = start()
  const ordered = thread.run({ do: 'double', value: 6 })
  await thread.close()
  expect(await ordered).toBe(12)
})

test('closing waits no longer than it is told for a thread that does not listen', async () => {
  const thread = start()
  const abort = new AbortController()
  let begun: () => void = () => undefined
  const began = new Promise<void>(resolve => (begun = resolve))
  const ended = thread.run({ do: 'wait', deaf: true }, abort.signal, () => begun()).catch((error: unknown) => error)
  await began
  abort.abort()
  const closedAt = performance.now()
  await thread.close(50)
  expect(performance.now() - closedAt).toBeLessThan(5000)
  expect(await ended).toMatchObject({ code: 'INTERNAL' })
})
