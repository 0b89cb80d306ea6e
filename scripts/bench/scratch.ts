import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** What figures write: on the disk of the project, because a temporary folder may be memory. */
const scratch = resolve('.scratch/bench')

/** Runs with a new folder that is removed afterwards. */
export async function withFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  await mkdir(scratch, { recursive: true })
  const folder = await mkdtemp(join(scratch, 'run-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A folder that takes long to make and is kept for the next run; the name must say what decides its contents. */
export async function keptFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(scratch, 'kept', name)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}.tmp`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  await make(unfinished)
  await rename(unfinished, folder)
  return folder
}
