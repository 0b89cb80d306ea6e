import type { PlannedChange } from '../../src/schema/plan.ts'
import { keyAndHolders } from './differential-key.ts'
import { isAddition, isRemark, type Planned } from './differential-places.ts'

/** A breaking change and what has to be done for it to be asked for at all. */
export function alone(planned: Planned, breaking: PlannedChange): PlannedChange[] {
  const asked = new Set([breaking])
  // What is needed may itself need more, and is in the set by the time it is looked at.
  for (const change of asked) for (const other of planned.changes) if (needs(planned, change, other)) asked.add(other)
  return planned.changes.filter(change => asked.has(change))
}

/** Whether a change makes no sense without another: paths need renames, remarks their column, a row key its columns. */
function needs({ declaration, schema }: Planned, change: PlannedChange, other: PlannedChange): boolean {
  const isAt = (path: string, name: string): boolean => path === name || name.startsWith(`${path}.`)
  const isRetyping = other.code === 'BR202' && other.fieldId !== null
  if (other.code === 'AD106') return true
  if (change.code === 'AD106') return isRemark(other) && other.path === change.path
  if (change.code === 'BR216')
    return other.code === 'BR206' || (other.code === 'AD103' && isAt(other.path, change.path))
  if (change.code === 'BR206') return declaration.identifier.some(name => isAt(other.path, name))
  if (change.code === 'BR204') return other.code === 'BR206' && keyAndHolders(schema).has(change.fieldId)
  if (change.code === 'BR211' && change.fieldId !== null) return isRetyping && other.path === change.path
  if (isAddition(change)) return isRemark(other) && isAt(change.path, other.path)
  return isRemark(change) && (isAddition(other) || isRemark(other) || isRetyping) && isAt(other.path, change.path)
}
