import { createContext, isContext, Script } from 'node:vm'

/** What ran longer than it was given. */
export class TimeLimit extends Error {
  constructor(cause: unknown) {
    super('it takes too long', { cause })
    this.name = 'TimeLimit'
  }
}

const room: { run: () => void } = { run: () => undefined }
const guarded = new Script('run()')

/**
 * Runs something that may never end: a decompressor that does not know what to do with damaged data can go round in
 * circles, and nothing but the time limit of a script ends that. It costs some 60 µs.
 * @param limitMs milliseconds
 * @throws TimeLimit, and what `run` throws
 */
export function runWithin<Result>(limitMs: number, run: () => Result): Result {
  let result: Result | undefined
  room.run = () => {
    result = run()
  }
  try {
    guarded.runInContext(isContext(room) ? room : createContext(room), { timeout: Math.ceil(limitMs) })
    return result as Result
  } catch (error) {
    // It is an error of the room, and no instance of an error here.
    if ((error as { readonly code?: unknown } | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
    throw new TimeLimit(error)
  } finally {
    room.run = () => undefined
  }
}
