import { randomBytes, randomUUID } from 'node:crypto'
import { constants, type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { HypError } from '../errors.ts'
import { isNotFound, writeFile } from '../iceberg/file-io/file-io.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import type { Home } from '../stores/home.ts'

/** What a program shows that comes over TCP: whoever can read its file is the owner of the home. */
export interface Token {
  readonly text: string
  readonly path: string
  /** Why the one that was there is worth nothing any more; undefined where it was kept, or there was none. */
  readonly replaced: 'readable to others' | 'damaged' | undefined
}

/** 32 random bytes in base64url. */
const form = /^[\w-]{43}$/

export function tokenFile(home: Home): string {
  return join(home.run, 'token')
}

/**
 * The token of a home, made where there is none. One that others could read they may have read: it gives way to a new
 * one, as does a file that holds none.
 * @throws HypError HOME_UNUSABLE where something else has its name
 */
export async function openToken(home: Home): Promise<Token> {
  const path = tokenFile(home)
  const found = await read(path)
  if (found?.flaw === undefined && found !== undefined) return { text: found.text, path, replaced: undefined }
  const text = randomBytes(32).toString('base64url')
  const temporary = `${path}.${randomUUID()}.tmp`
  await writeFile(localFileIO, temporary, Buffer.from(`${text}\n`))
  if (found === undefined) {
    const made = await localFileIO.link(temporary, path)
    await localFileIO.remove(temporary)
    // Somebody else was first.
    if (!made) return openToken(home)
  } else await localFileIO.rename(temporary, path)
  await localFileIO.syncDirectory(home.run)
  return { text, path, replaced: found?.flaw }
}

interface Found {
  readonly text: string
  readonly flaw: Token['replaced']
}

async function read(path: string): Promise<Found | undefined> {
  let file: FileHandle
  try {
    // What is no file is not waited for, and a link not followed.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw unusable(path, error)
  }
  try {
    const status = await file.stat()
    if (!status.isFile()) throw unusable(path, new Error('it is no file'))
    const text = (await file.readFile('utf8')).trimEnd()
    if ((status.mode & 0o077) !== 0) return { text, flaw: 'readable to others' }
    return { text, flaw: form.test(text) ? undefined : 'damaged' }
  } finally {
    await file.close()
  }
}

function unusable(path: string, cause: unknown): HypError {
  return new HypError('HOME_UNUSABLE', `The token ${path} cannot be read: ${(cause as Error).message}.`, {
    hint: 'Remove it: the next start makes a new one.',
    cause,
  })
}
