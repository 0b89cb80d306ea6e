import { tableAsDeclared } from '../as-declared.ts'
import type { Declaration } from '../declaration.ts'
import { diff, type Finding } from '../diff.ts'
import { presentState } from '../plan/table-state.ts'
import { type RuleCode, ruleOf } from '../rules.ts'

/** What a release did to the one before it, sorted into what an old table can take and what it cannot. */
export interface ReleaseStep {
  /** Optional columns added, types promoted. */
  readonly additive: readonly string[]
  /** Everything an old table cannot take in place, and columns that are gone. */
  readonly breaking: readonly string[]
}

/**
 * Sorts the differences between two built-in releases, as a table of the first
 * would meet the second. A required column that becomes optional, a doc and an
 * order are in neither list: a table takes them in place, and a move of the key
 * may need the first (`conversation_id` in 6).
 */
export function releaseStep(before: Declaration, after: Declaration): ReleaseStep {
  const { findings } = diff(after, presentState(tableAsDeclared(before).metadata))
  const told = (belongs: (code: RuleCode) => boolean): string[] =>
    findings.filter(({ code }) => belongs(code)).map(tell)
  return { additive: told(code => additive.has(code)), breaking: told(isBreaking) }
}

const additive: ReadonlySet<RuleCode> = new Set(['AD101', 'AD102', 'AD108'])

/** A table tolerates a column that is gone; a release of ours never lets one go. */
function isBreaking(code: RuleCode): boolean {
  return ruleOf(code).kind === 'breaking' || code === 'TO301'
}

function tell({ code, path }: Finding): string {
  return words[code]?.(path) ?? `${path}: ${ruleOf(code).title}`
}

const words: Partial<Record<RuleCode, (path: string) => string>> = {
  AD101: path => `adds ${path}`,
  AD102: path => `promotes ${path}`,
  TO301: path => `drops ${path}`,
  BR201: path => `adds the required column ${path}`,
  BR202: path => `changes the type of ${path}`,
  BR203: path => `makes ${path} required`,
  BR204: path => `drops ${path}`,
  BR205: () => 'changes the partitions',
  BR206: () => 'changes the row key',
}
