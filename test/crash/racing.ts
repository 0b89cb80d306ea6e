import { expect } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { readEvolutions } from '../../src/schema/applied.ts'
import { orphansOf, type Promised, problemsOf } from '../support/crash-check.ts'
import { startProgram } from '../support/crash-process.ts'
import type { RaceTask, RaceWord } from '../support/crash-race-child.ts'
import type { Step } from '../support/crash-story.ts'
import { batch, declare, openTable, systemClock } from '../support/crash-table.ts'
import { readRows, temporaryFolder } from '../support/table.ts'

interface Race {
  readonly processes: number
  readonly appends: number
  readonly evolutions: number
  readonly shared: number
}

/**
 * Lets processes write to one table at once, without any lock, while somebody
 * reads it, and expects that every commit of each is in the table once.
 */
export async function expectNothingLost({ processes, appends, evolutions, shared }: Race): Promise<void> {
  const directory = await temporaryFolder()
  const names = Array.from({ length: processes }, (_, index) => `p${index}`)
  const programs = names.map(name =>
    startProgram<'ready' | RaceWord>('crash-race-child', {
      directory,
      name,
      appends,
      evolutions,
      shared,
    } satisfies RaceTask),
  )
  await Promise.all(programs.map(program => program.said(1)))
  for (const program of programs) program.process.stdin?.end('go')
  const reader = readAllAlong(directory)
  const ends = await Promise.all(programs.map(program => program.ended()))
  expect(programs.map(program => program.complaint())).toEqual(names.map(() => ''))
  expect(ends).toEqual(names.map(() => 0))
  expect(await reader.stop()).toEqual([])

  const words = programs.flatMap(program => program.words).filter(word => word !== 'ready')
  const created = words.filter(word => word.type === 'created')
  const appended = words.filter(word => word.type === 'appended')
  const evolved = words.filter(word => word.type === 'evolved')
  expect(created.map(word => word.action).sort()).toEqual(['create', ...names.slice(1).map(() => 'none')])
  expect(new Set(created.map(word => word.uuid)).size).toBe(1)
  expect(evolved.map(word => word.action)).toEqual(
    names.flatMap(() => Array.from({ length: evolutions }, () => 'evolve')),
  )

  // A batch of one process is new as a whole; of a shared one every row was new to somebody, and only to one.
  const size = batch('any').length
  const own = appended.filter(word => !word.batch.startsWith('shared'))
  expect(own.map(word => word.rows)).toEqual(own.map(() => size))
  for (let index = 0; index < shared; index++) {
    const tries = appended.filter(word => word.batch === `shared-${index}`)
    expect(tries.reduce((sum, word) => sum + word.rows, 0)).toBe(size)
    expect(tries.reduce((sum, word) => sum + word.duplicates, 0)).toBe((processes - 1) * size)
  }

  const step = (name: string, more: Omit<Step, 'name'>): Promised => ({ step: { name, ...more }, acknowledged: true })
  const batches = [...new Set(appended.map(word => word.batch))]
  const columns = evolved.map(word => word.column)
  expect(
    await problemsOf(localFileIO, directory, [
      ...batches.map(name => step(name, { own: batch(name) })),
      ...columns.map(name => step(name, { columns: [name] })),
    ]),
  ).toEqual([])
  const table = await openTable(localFileIO, directory, systemClock).load()
  const { metadata } = table
  const snapshots = appended.filter(word => word.rows > 0).length
  expect(metadata.snapshots).toHaveLength(snapshots)
  expect(table.version).toBe(1 + snapshots + columns.length)
  expect(metadata['last-sequence-number']).toBe(snapshots)
  expect(metadata.schemas).toHaveLength(1 + columns.length)
  expect(metadata['last-column-id']).toBe(declare().columns.length + columns.length)
  expect(currentSchema(metadata).fields).toHaveLength(declare().columns.length + columns.length)
  expect(readEvolutions(metadata.properties)).toHaveLength(1 + columns.length)
  expect(await readRows(table)).toHaveLength(batches.length * size)
  expect(await orphansOf(localFileIO, directory)).toEqual([])
}

/** Reads the whole table again and again, as another process would, and keeps what it finds wrong. */
function readAllAlong(directory: string): { stop(): Promise<readonly string[]> } {
  const problems: string[] = []
  const stopped = new AbortController()
  let rows = 0
  const work = (async () => {
    for (let isLast = false; !isLast; ) {
      // Once more when they have ended.
      isLast = stopped.signal.aborted
      try {
        const table = await openTable(localFileIO, directory, systemClock).load()
        const now = (await readRows(table)).length
        if (now < rows) problems.push(`${now} rows after ${rows}`)
        rows = now
      } catch (error) {
        if (!(error as Error).message.startsWith('there is no table')) problems.push((error as Error).message)
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  })()
  return {
    stop: async () => {
      stopped.abort()
      await work
      if (rows === 0) problems.push('never saw a row')
      return problems
    },
  }
}
