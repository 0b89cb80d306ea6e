import { expect } from 'vitest'
import type { Unwanted } from '../../../src/ingest/deletion/request.ts'
import { seeded } from '../../support/crash-table.ts'
import type { PowerDisk } from '../../support/power-file-io.ts'
import { ids, newTable, onDisk, session } from './deleting.ts'

/** What is deleted from two sessions of three rows, and what stays. */
export const deletions: readonly (readonly [what: string, unwanted: Unwanted, left: readonly string[]])[] = [
  ['a session', { kind: 'session', session: 'a' }, ['b#0', 'b#1', 'b#2']],
  ['rows by a condition', { kind: 'where', where: 'part_id = a#0,a#2,b#1' }, ['a#1', 'b#0', 'b#2']],
  ['rows before a time', { kind: 'before', before: '1970-01-02' }, ['a#1', 'a#2', 'b#1', 'b#2']],
]

/**
 * Kills the process and cuts the power at the changes that a deletion makes to the disk, and looks each time at what the
 * next process finds and makes of it.
 * @param every 1 for each change, 2 for each second one, …
 * @returns how many changes there were
 */
export async function killAt(unwanted: Unwanted, left: readonly string[], every: number): Promise<number> {
  const { disk, append, remove } = await newTable()
  const all = [...session('a'), ...session('b')]
  await append(all)
  const disks: PowerDisk[] = [disk.copy()]
  const random = seeded(7)
  let changes = 0
  disk.onChange = () => {
    if (changes++ % every === 0) disks.push(disk.copy(), disk.cutPower(random))
  }
  await remove(unwanted)
  disk.onChange = () => undefined
  disks.push(disk.copy(), disk.cutPower(random))
  const states = [ids(all), [...left]]
  for (const [index, found] of disks.entries()) {
    const then = onDisk(found)
    expect(states).toContainEqual(await then.rows())
    // Whatever is flushed before the same is asked for again changes nothing.
    if (index % 2 === 0) await then.append(all)
    await then.remove(unwanted)
    expect(await then.append(all)).toMatchObject({ rows: 0 })
    expect(await then.rows()).toEqual(left)
  }
  return changes
}
