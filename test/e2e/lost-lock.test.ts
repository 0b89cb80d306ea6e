import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { takeLock } from '../../src/daemon/lock.ts'
import { homeAt } from '../../src/stores/home.ts'
import { type Program, startProgram } from '../support/crash-process.ts'
import { type Machine, machine } from '../support/home.ts'
import type { LockLosingWord } from '../support/lock-losing-daemon.ts'

/*
 * A lock of POSIX is lost when its own process opens and closes the file, by
 * whatever means. Nothing of hyp does; a library, or a program that has hyp in
 * it, may.
 */

async function daemonOf(here: Machine): Promise<Program<LockLosingWord>> {
  const program = startProgram<LockLosingWord>('lock-losing-daemon', { home: here.home })
  onTestFinished(async () => {
    program.process.kill('SIGKILL')
    await program.ended()
  })
  await program.said(1)
  expect(program.words).toEqual([{ type: 'ready' }])
  return program
}

async function readsItsHome(program: Program<LockLosingWord>): Promise<readonly string[]> {
  program.process.stdin?.write('read\n')
  await program.said(2)
  const word = program.words[1]
  return word?.type === 'read' ? word.files : []
}

test('a daemon that read every file of its home, its lock among them, still keeps a second one out', async () => {
  const here = machine()
  const program = await daemonOf(here)
  const { pid } = program.process
  const home = homeAt(here.home)
  await expect(takeLock(home)).rejects.toMatchObject({ code: 'LOCKED' })
  expect(await readsItsHome(program)).toEqual(expect.arrayContaining([home.lock, home.daemonFile]))
  // That is the accident: the lock is anybody's.
  const taken = await takeLock(home)
  taken.release()

  const { status, stderr } = await here.hyp('daemon')
  expect(status).toBe(75)
  expect(stderr).toMatch(new RegExp(`^error: The home \\S+ is in use by process ${pid}, since \\S+\\. \\[LOCKED\\]`))
  expect(JSON.parse(readFileSync(home.daemonFile, 'utf8'))).toMatchObject({ pid })
  expect((await here.hyp('status')).stdout).toContain(`daemon    ready, process ${pid}`)
  expect((await here.hyp('apply')).status).toBe(0)
})

test('when it is killed nobody is kept out any more', async () => {
  const here = machine()
  const program = await daemonOf(here)
  await readsItsHome(program)
  program.process.kill('SIGKILL')
  expect(await program.ended()).toBe('SIGKILL')
  const daemon = await here.daemon()
  expect(JSON.parse(readFileSync(join(here.home, 'run/daemon.json'), 'utf8'))).toMatchObject({ pid: daemon.pid })
})

test('a copy of its home is a home of its own', async () => {
  const here = machine()
  await daemonOf(here)
  const copy = machine()
  cpSync(here.home, copy.home, { recursive: true, filter: path => !path.endsWith('.sock') })
  const daemon = await copy.daemon()
  expect((await copy.hyp('status')).stdout).toContain(`daemon    ready, process ${daemon.pid}`)
})
