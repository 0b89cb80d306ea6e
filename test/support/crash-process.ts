import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program of test/support that runs as a process of its own and says one JSON value on every line. */
export interface Program<Word> {
  readonly process: ChildProcess
  /** What it said so far. */
  readonly words: readonly Word[]
  /** Waits until it said so many words, or ended. */
  readonly said: (words: number) => Promise<void>
  /** Waits for the end; gives the exit status, or the signal that ended it. */
  readonly ended: () => Promise<number | string>
  /** What it wrote to its error output. */
  readonly complaint: () => string
}

/** Starts `.build/test/support/NAME.js` with a task. */
export function startProgram<Word>(name: string, task: object): Program<Word> {
  const child = spawn(process.execPath, [`.build/test/support/${name}.js`, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const words: Word[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => words.push(JSON.parse(line) as Word))
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const end = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    // Not before all that it said has been read.
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  return {
    process: child,
    words,
    said: async count => {
      while (words.length < count && child.exitCode === null && child.signalCode === null)
        await Promise.race([once(lines, 'line'), end])
    },
    ended: () => end,
    complaint: () => complaint,
  }
}

/** Runs a function over items, two at a time: that many processors a small machine has. */
export async function twoAtATime<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await run(item)
  }
  await Promise.all([worker(), worker()])
}
