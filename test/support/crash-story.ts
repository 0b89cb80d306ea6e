import type { FileIO } from '../../src/iceberg/file-io/file-io.ts'
import type { Row } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { append, apply, batch, declare, openTable, type WorkContext } from './crash-table.ts'

/*
 * What is being done when a process dies, a disk fails or the power goes: a
 * list of steps, each of them one commit.
 */

export interface Step {
  readonly name: string
  /** The declaration to apply, or the rows to append. */
  readonly declaration?: Declaration
  readonly rows?: readonly Row[]
  /** Rows of `rows` that no earlier step writes. */
  readonly own?: readonly Row[]
  /** Columns that the table has after this step and not before. */
  readonly columns?: readonly string[]
}

const note: ColumnDeclaration = { name: 'note', type: 'string', doc: 'A note.' }
const place: ColumnDeclaration = {
  name: 'place',
  type: { type: 'struct', fields: [{ name: 'line', type: 'int' }] },
}

/** Create, append, evolve, each more than once; `b` repeats rows of `a`. */
export const wholeStory: readonly Step[] = [
  { name: 'create', declaration: declare(), columns: ['session_id', 'part_id', 'count', 'text'] },
  { name: 'append a', rows: batch('a'), own: batch('a') },
  { name: 'evolve note', declaration: declare([note]), columns: ['note'] },
  { name: 'append b', rows: [...batch('a').slice(2), ...batch('b')], own: batch('b') },
  {
    name: 'evolve place',
    declaration: declare([note, place], { count: { type: 'long' }, text: { required: false } }),
    columns: ['place'],
  },
]

/** What comes after {@link manyVersions}: a commit that removes an old metadata file. */
export const lateStory: readonly Step[] = [
  { name: 'evolve late', declaration: declare([{ name: 'late', type: 'date' }]), columns: ['late'] },
]

/** So many commits that old metadata files begin to be removed. */
export const manyVersions: readonly Step[] = [
  { name: 'create', declaration: declare(), columns: ['session_id', 'part_id', 'count', 'text'] },
  { name: 'append a', rows: batch('a', 3), own: batch('a', 3) },
  ...Array.from({ length: 20 }, (_, index) => ({
    name: `evolve ${index}`,
    declaration: declare([{ name: `column_${index}`, type: 'int' }]),
    columns: [`column_${index}`],
  })),
]

/** Does one step; on return it is committed. Gives false where nothing was left to do. */
export async function perform(step: Step, io: FileIO, directory: string, context: WorkContext): Promise<boolean> {
  const catalog = openTable(io, directory, context)
  if (step.declaration !== undefined) {
    return (await apply(catalog, directory, step.declaration, context)).action !== 'none'
  }
  return (await append(catalog, step.rows ?? [], context)).rows > 0
}

/** A story without an end: a table, then appends that partly repeat each other, and now and then a column. */
export function loopStep(index: number): Step {
  if (index === 0) return wholeStory[0] as Step
  if (index % 4 === 0) {
    const name = `loop_${index}`
    return { name: `evolve ${name}`, declaration: declare([{ name, type: 'long' }]), columns: [name] }
  }
  const own = batch(`loop-${index}`, 4)
  const repeated = index % 4 === 1 ? [] : batch(`loop-${index - 1}`, 4)
  return { name: `append ${index}`, rows: [...repeated, ...own], own }
}
