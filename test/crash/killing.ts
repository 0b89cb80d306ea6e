import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { type Promised, problemsOf } from '../support/crash-check.ts'
import type { CrashTask, CrashWord } from '../support/crash-child.ts'
import { startProgram, twoAtATime } from '../support/crash-process.ts'
import { lateStory, loopStep, manyVersions, perform, type Step, wholeStory } from '../support/crash-story.ts'
import { seeded, systemClock } from '../support/crash-table.ts'
import { visibleKinds } from '../support/fault-file-io.ts'
import { temporaryFolder } from '../support/table.ts'

/** How often a process was killed and what was wrong afterwards. */
interface Killed {
  readonly kills: number
  readonly problems: readonly string[]
}

/**
 * Kills the story in the middle of every write and before every operation that other processes see, or before every
 * one that they do not see, each time on a table of its own.
 */
export async function killAtEveryOperation(story: 'whole' | 'late', which: 'visible' | 'unseen'): Promise<Killed> {
  const steps = story === 'whole' ? wholeStory : lateStory
  const before = story === 'whole' ? [] : manyVersions
  const folder = await temporaryFolder()
  const start = join(folder, 'start')
  await localFileIO.makeDirectory(start)
  for (const step of before) await perform(step, localFileIO, join(start, 'table'), systemClock)

  const problems: string[] = []
  const whole = await run('whole run', undefined)
  const finished = whole.words.at(-1)
  if (finished?.type !== 'finished') return { kills: 0, problems: [...problems, whole.complaint()] }
  const isVisible = which === 'visible'
  const places = finished.operations.flatMap(({ n, kind, path }) => [
    ...(visibleKinds.has(kind) === isVisible ? [{ n, half: false, where: `before ${n}, ${kind} ${path}` }] : []),
    ...(kind === 'write' && isVisible ? [{ n, half: true, where: `in the middle of ${n}, ${kind} ${path}` }] : []),
  ])
  let kills = 0
  await twoAtATime(places, async ({ n, half, where }) => {
    const { signal } = await run(where, { n, half })
    if (signal === 'SIGKILL') kills++
    else problems.push(`${where}: ended with ${signal}`)
  })
  return { kills, problems }

  async function run(
    where: string,
    kill: CrashTask['kill'],
  ): Promise<{ words: readonly CrashWord[]; complaint: () => string; signal: number | string }> {
    const place = join(folder, kill === undefined ? 'whole' : `${kill.n}${kill.half ? ' half' : ''}`)
    const directory = join(place, 'table')
    await cp(start, place, { recursive: true })
    // The location that the table says stays that of its origin, as in a copied home.
    const program = startProgram<CrashWord>('crash-child', {
      directory,
      story,
      from: 0,
      ...(kill === undefined ? {} : { kill }),
    })
    const signal = await program.ended()
    const acknowledged = program.words.filter(word => word.type === 'committed').length
    const found = await problemsOf(localFileIO, directory, promises(before, steps, acknowledged))
    if (found.length === 0) {
      for (const step of steps.slice(acknowledged)) await perform(step, localFileIO, directory, systemClock)
      const rows = steps.filter(step => step.rows !== undefined)
      for (const step of rows) {
        if (await perform(step, localFileIO, directory, systemClock)) found.push(`"${step.name}" was done twice`)
      }
      found.push(...(await problemsOf(localFileIO, directory, promises(before, steps, steps.length))))
    }
    problems.push(...found.map(problem => `${where}: ${problem}`))
    return { words: program.words, complaint: program.complaint, signal }
  }
}

function promises(before: readonly Step[], steps: readonly Step[], acknowledged: number): Promised[] {
  return [
    ...before.map(step => ({ step, acknowledged: true })),
    ...steps.map((step, index) => ({ step, acknowledged: index < acknowledged })),
  ]
}

/**
 * Kills a process that appends and evolves without end, some time after some
 * commits; another one goes on.
 */
export async function killAtRandomInstants(
  times: number,
  seed: number,
): Promise<{ readonly committed: number; readonly problems: readonly string[] }> {
  const random = seeded(seed)
  const problems: string[] = []
  const perTable = 20
  const tables = Array.from({ length: Math.ceil(times / perTable) }, (_, index) => ({
    index,
    instants: Array.from({ length: Math.min(perTable, times - index * perTable) }, () => ({
      commits: Math.floor(random() * 3),
      delay: random() * 60,
    })),
  }))
  let committed = 0
  const folder = await temporaryFolder()
  await twoAtATime(tables, async ({ index, instants }) => {
    const directory = join(folder, String(index))
    let done = 0
    for (const { commits, delay } of instants) {
      const where = `seed ${seed}, table ${index}, killed ${delay} ms after ${commits} commits from step ${done} on`
      const program = startProgram<CrashWord>('crash-child', { directory, story: 'loop', from: done })
      await program.said(1 + commits)
      await new Promise(resolve => setTimeout(resolve, delay))
      program.process.kill('SIGKILL')
      const signal = await program.ended()
      if (signal !== 'SIGKILL') problems.push(`${where}: ended with ${signal}: ${program.complaint()}`)
      done += program.words.filter(word => word.type === 'committed').length
      const promised = Array.from({ length: done + 1 }, (_, step) => ({
        step: loopStep(step),
        acknowledged: step < done,
      }))
      for (const problem of await problemsOf(localFileIO, directory, promised)) problems.push(`${where}: ${problem}`)
      if (problems.length > 0) return
    }
    committed += done
  })
  return { committed, problems }
}
