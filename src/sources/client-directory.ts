import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/**
 * The directory of a client that somebody named; also where that is one of those in it in which its history lies.
 * @param inner their names
 */
export function clientDirectory(named: string, inner: readonly string[]): string {
  const path = resolve(named)
  const isInner = inner.includes(basename(path)) && !inner.some(name => existsSync(join(path, name)))
  return isInner ? dirname(path) : path
}
