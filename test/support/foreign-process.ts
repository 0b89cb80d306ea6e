import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Asks for one thing; answers come in the order of the questions. */
export type Ask = (question: unknown) => Promise<unknown>

/**
 * A program that is asked by lines of JSON on its standard input and answers
 * each with one line, `{answer}` or `{error}`. It is started by the first
 * question, lives as long as this process, and ends with its input.
 */
export function lineProgram(command: string, args: readonly string[]): Ask {
  let child: ChildProcessWithoutNullStreams | undefined
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = []

  return question => {
    child ??= start()
    const { stdin } = child
    return new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      stdin.write(`${JSON.stringify(question)}\n`)
    })
  }

  function start(): ChildProcessWithoutNullStreams {
    const started = spawn(command, args)
    let said = ''
    started.stderr.on('data', (text: Buffer) => {
      said = `${said}${text.toString()}`.slice(-2000)
    })
    started.on('error', error => fail(error))
    started.on('exit', code => fail(new Error(`${command} ended with ${code}: ${said}`)))
    createInterface({ input: started.stdout }).on('line', line => {
      const { answer, error } = JSON.parse(line) as { answer?: unknown; error?: string }
      const next = waiting.shift()
      if (error === undefined) next?.resolve(answer)
      else next?.reject(new Error(error))
    })
    return started
  }

  function fail(error: Error): void {
    child = undefined
    for (const { reject } of waiting.splice(0)) reject(error)
  }
}
