import { fork } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs a program of `programs/` in a process of its own, where nothing of
 * other figures is in memory, and gives what it says.
 */
export async function runProgram<Answer>(url: URL, task: object): Promise<Answer> {
  const child = fork(url, [JSON.stringify(task)])
  const ended = once(child, 'close')
  let answer: Answer | undefined
  child.once('message', message => {
    answer = message as Answer
  })
  const [code] = (await ended) as [number | null]
  if (code !== 0 || answer === undefined) throw new Error(`${url.pathname} ended with ${code} and no answer`)
  return answer
}

/** What the program was told. */
export function taskOf(): unknown {
  return JSON.parse(process.argv[2] ?? '{}')
}

/** Says the one answer of a program. */
export function say(answer: object): void {
  process.send?.(answer)
}

/** The most memory that this process ever had, in MB of a million bytes. */
export function peakMegabytes(): number {
  return (process.resourceUsage().maxRSS * 1024) / 1e6
}
