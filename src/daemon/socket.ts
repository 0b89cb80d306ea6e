import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Home } from '../stores/home.ts'

/** Bytes a unix socket's path may have on every system we run on. */
const longestPath = 103

export interface SocketPlace {
  readonly path: string
  /** Removes what was made for it. */
  readonly remove: () => Promise<void>
}

/** `run/hyp.sock`, or a private directory with a short name where that path is too long for a socket. */
export async function socketPlace(home: Home): Promise<SocketPlace> {
  const usual = join(home.run, 'hyp.sock')
  if (Buffer.byteLength(usual) <= longestPath) {
    await rm(usual, { force: true })
    return { path: usual, remove: () => rm(usual, { force: true }) }
  }
  const path = join(await mkdtemp(join(tmpdir(), 'hyp-')), 'hyp.sock')
  return { path, remove: () => rm(dirname(path), { force: true, recursive: true }) }
}
