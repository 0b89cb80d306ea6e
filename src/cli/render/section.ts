import type { Plan, PlannedChange } from '../../schema/plan.ts'

/** Changes of a plan that are there for one reason. */
export interface PlanSection {
  readonly origin: PlannedChange['origin']
  readonly cause: PlannedChange['cause']
  /** The reason in words. */
  readonly title: string
  readonly changes: readonly PlannedChange[]
}

/**
 * A plan by the reasons for its changes: first what is pending, then what is
 * drift. A section without changes is left out, but for a release that was
 * edited while the table has all of it.
 */
export function sectionsOf(plan: Plan): readonly PlanSection[] {
  const { edited, changes } = plan
  const sections: readonly Omit<PlanSection, 'changes'>[] = [
    { origin: 'pending', cause: 'declaration', title: 'the declaration asks for it' },
    {
      origin: 'drift',
      cause: 'edited release',
      title: `release ${edited?.release} was edited after it was applied`,
    },
    { origin: 'drift', cause: 'other program', title: 'another program changed the table' },
  ]
  return sections
    .map(section => ({ ...section, changes: changes.filter(change => change.cause === section.cause) }))
    .filter(section => section.changes.length > 0 || (section.cause === 'edited release' && edited !== null))
}

/** How a command follows the fix before it: the plan is made again once the declaration is mended, others do instead. */
export function beforeCommand(command: string): 'then' | 'or' {
  return /^hyp plan\b/.test(command) ? 'then' : 'or'
}
