import { HypError } from '../../../errors.ts'

/** One thing that is in the way of taking a table under a declaration. */
export interface Obstacle {
  readonly what: string
  /** The column, file or property. */
  readonly where: string
  readonly why: string
  /** The way out. */
  readonly fix: string
}

const shown = 5

/** `a, b and 3 more`: names of files can be thousands. */
export function someOf(names: readonly string[]): string {
  const rest = names.length - shown
  return names.slice(0, shown).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** The refusal of a table, with everything in the way of it. */
export function adoptionRefused(table: string, directory: string, obstacles: readonly Obstacle[]): HypError {
  const names = obstacles.map(({ what, where }) => `${what}: ${where}`).join('; ')
  const things = obstacles.length === 1 ? 'One thing is' : `${obstacles.length} things are`
  return new HypError('ADOPTION_REFUSED', `${directory} cannot be adopted as it is. ${things} in the way: ${names}.`, {
    details: { table, directory, obstacles },
  })
}
