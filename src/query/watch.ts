import type { DuckDBConnection } from '@duckdb/node-api'
import { HypError } from '../errors.ts'

/** When a query is to be stopped before its end. */
export interface QueryLimits {
  readonly signal?: AbortSignal
  /** Milliseconds from its start until its last row has been read. */
  readonly timeoutMs?: number
}

/** One query's connection while it lasts. */
export interface Watch {
  /** Does one thing with the engine. @throws HypError INTERRUPTED at once when the query is stopped, whatever the engine still does */
  call<Result>(work: () => Promise<Result>): Promise<Result>
  stop(reason: HypError): void
  /** Gives the connection up, once the engine has let go of it. */
  end(): Promise<void>
}

/** Watches over a query, which gets the connection to itself. */
export function watch(connection: DuckDBConnection, { signal, timeoutMs }: QueryLimits, onEnd: () => void): Watch {
  let stopped: HypError | undefined
  let busy: Promise<unknown> | undefined
  let reject: (reason: HypError) => void = () => undefined
  let ended: Promise<void> | undefined

  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => stop(interrupted(`the query was stopped after ${timeoutMs} ms`)), timeoutMs)
  const onAbort = (): void => stop(interrupted('the query was interrupted'))
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted === true) onAbort()

  return { call, stop, end }

  async function call<Result>(work: () => Promise<Result>): Promise<Result> {
    if (stopped !== undefined) throw stopped
    const done = work()
    busy = done.catch(() => undefined)
    // An engine that is interrupted while it hands out rows just comes to an end: what counts is the reason, which is first.
    return new Promise<Result>((resolve, fail) => {
      reject = fail
      done.then(resolve, fail)
    })
  }

  function stop(reason: HypError): void {
    if (stopped !== undefined) return
    stopped = reason
    reject(reason)
    void end()
  }

  function end(): Promise<void> {
    ended ??= letGo()
    return ended
  }

  async function letGo(): Promise<void> {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    // Once is not enough: the engine forgets an interrupt that comes just before it begins.
    connection.interrupt()
    const insist = setInterval(() => connection.interrupt(), 20)
    await busy
    clearInterval(insist)
    connection.closeSync()
    onEnd()
  }
}

export function interrupted(message: string): HypError {
  return new HypError('INTERRUPTED', message, { hint: 'A query changes nothing; it can be run again.' })
}
