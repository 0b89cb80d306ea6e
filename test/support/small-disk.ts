import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Whether this machine lets us mount a file system; asked once. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'hyp-mount-'))
  try {
    mount(folder, 1)
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function mount(folder: string, megabytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder], { stdio: 'ignore' })
}

/** Whether a test that needs a file system of its own can run: in CI it has to. */
export const hasSmallDisks: boolean = process.env['CI'] === 'true' || canMount()

/** A real file system of so many megabytes, at a new folder, until the test is over. */
export function smallDisk(folder: string, megabytes: number): void {
  mkdirSync(folder, { recursive: true })
  mount(folder, megabytes)
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder], { stdio: 'ignore' })
  })
}

/** Lets nobody write below a folder, not even the superuser, until the test is over. */
export function readOnly(folder: string): void {
  const options = { stdio: 'ignore' } as const
  execFileSync('mount', ['--bind', folder, folder], options)
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder], options)
  })
  execFileSync('mount', ['-o', 'remount,bind,ro', folder], options)
}

/** Writes to a file in a folder until its disk, and the last block of the file, have not a byte left. */
export function fillDisk(folder: string, file = 'ballast'): void {
  for (const piece of [1024 * 1024, 4096, 1])
    for (;;) {
      try {
        appendFileSync(join(folder, file), new Uint8Array(piece))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        break
      }
    }
}
