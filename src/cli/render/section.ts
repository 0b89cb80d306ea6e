import type { Plan, PlannedChange } from '../../schema/plan.ts'

/** Changes of a plan that are there for one reason. */
export interface PlanSection {
  readonly origin: PlannedChange['origin']
  readonly cause: PlannedChange['cause']
  /** The reason in words. */
  readonly title: string
  readonly changes: readonly PlannedChange[]
}

/** A plan by the reasons for its changes: what is pending, what is drift, and last what is kept. */
export function sectionsOf({ edited, changes }: Plan): readonly PlanSection[] {
  const sections: readonly Omit<PlanSection, 'changes'>[] = [
    { origin: 'pending', cause: 'declaration', title: 'the declaration asks for it' },
    {
      origin: 'drift',
      cause: 'edited release',
      title: `release ${edited?.release} was edited after it was applied`,
    },
    { origin: 'drift', cause: 'other program', title: 'another program changed the table' },
    { origin: 'tolerated', cause: 'declaration', title: 'kept as it is' },
  ]
  return sections
    .map(section => ({
      ...section,
      changes: changes.filter(change => change.origin === section.origin && change.cause === section.cause),
    }))
    .filter(section => section.changes.length > 0)
}

/** What is to be noted of a release that was edited while the table has all of it: no change tells of it. */
export function editedNote({ edited, changes }: Plan): string | null {
  if (edited === null || changes.some(change => change.cause === 'edited release')) return null
  return `release ${edited.release} was edited after it was applied; the table has all of it`
}

/** Whether it is not this program that has another release than the one that went out. */
export function isAsSealed({ edited }: Plan): boolean {
  return edited !== null && edited.declared === edited.sealed
}

/** Whose edit it was, where it was not this program's, and what follows. */
export function editedElsewhere({ changes }: Plan): string {
  const isDone = !changes.some(({ cause, kind }) => cause === 'edited release' && kind !== 'tolerated')
  const what = 'This program has the release as it went out; the program that wrote the table had another.'
  return isDone ? `${what} Nothing is to be done about that.` : what
}

/** How a command follows the fix before it: the plan is made again once the declaration is mended, others do instead. */
export function beforeCommand(command: string): 'then' | 'or' {
  return /^hyp plan\b/.test(command) ? 'then' : 'or'
}
