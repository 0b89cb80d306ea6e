import { builtinTable } from '../builtin.ts'
import { type ChangeKind, type Rule, type RuleCode, ruleOf, type Sign } from '../rules.ts'
import type { Difference } from './drift.ts'

/** One line of a plan: a difference, judged. */
export interface PlannedChange {
  readonly sign: Sign
  readonly code: RuleCode
  readonly kind: ChangeKind
  /**
   * pending: the declaration is ahead. drift: the table was changed by others, or a release was edited. tolerated: it is
   * kept as it is, and nobody asks for anything.
   */
  readonly origin: 'pending' | 'drift' | 'tolerated'
  readonly cause: Difference['cause']
  /** Full name of the column as declared, or what of the table it concerns, in parentheses. */
  readonly path: string
  /** The field's id, or the one that it will get; null in a refused plan for what is not there, and for what is no column. */
  readonly fieldId: number | null
  /** The type afterwards; null for what is no column. */
  readonly type: string | null
  readonly change: string
  /** The rule's title. */
  readonly rule: string
  /** Why it is refused or tolerated; null for a change in place. */
  readonly reason: string | null
  /** The safe way; null where none is needed. */
  readonly fix: string | null
  /** Whether `hyp adopt` can accept it, so that it is no drift any more. */
  readonly acceptable: boolean
  /** The command to run next; null where none is needed. */
  readonly command: string | null
  readonly docs: string
}

/** What a judgement depends on besides the difference. */
export interface JudgedTable {
  readonly table: string
  /** Release of the declaration. */
  readonly declared: number
  /** The table: its release is null where no declaration was applied. */
  readonly found: { readonly release: number | null; readonly rows: number; readonly formatVersion: number }
}

/** Says of a difference what becomes of it, why, and what to do. */
export function judge(difference: Difference, table: JudgedTable): PlannedChange {
  const rule = ruleOf(difference.code)
  const { path, fieldId, type, change, cause } = difference
  return {
    sign: rule.sign,
    code: rule.code,
    kind: rule.kind,
    origin: cause !== 'declaration' ? 'drift' : rule.kind === 'tolerated' ? 'tolerated' : 'pending',
    cause,
    path,
    fieldId,
    type,
    change,
    rule: rule.title,
    reason: rule.kind === 'in-place' ? null : reasonFor(rule, table.found),
    fix: fixFor(rule, difference),
    acceptable: difference.isAcceptable,
    command: commandFor(rule, difference, table),
    docs: `docs/rules.md#${rule.code}`,
  }
}

/** A refusal that concerns stored rows says how many. */
function reasonFor({ code, why }: Rule, { rows, formatVersion }: JudgedTable['found']): string {
  if (code !== 'BR201' && code !== 'BR203') return why
  const stored =
    rows === 0 ? 'A row that is stored' : `The ${rows.toLocaleString('en-US').replaceAll(',', ' ')} stored rows`
  if (code === 'BR203') return `${stored} may have no value for it.`
  const because = formatVersion >= 3 ? 'no default is declared' : 'format version 2 has no initial default'
  return `${stored} would have no value for it, and ${because}.`
}

/** The way out of the rule, where it was the declaration that asked; whoever else did it has to take it back. */
function fixFor(rule: Rule, { cause, isAcceptable }: Difference): string | null {
  if (rule.kind === 'breaking' && cause === 'edited release')
    return 'Take the edit of the release back, or run a version of hyp in which it is what it was.'
  if (rule.kind === 'breaking' && cause === 'other program' && !isAcceptable)
    return 'Let the program that did it take its change back. What is stored can be read meanwhile.'
  return rule.fix ?? null
}

function commandFor(rule: Rule, difference: Difference, { table, declared, found }: JudgedTable): string | null {
  if (rule.kind === 'in-place') return null
  if (difference.isAcceptable) return `hyp adopt ${table}`
  if (rule.kind === 'tolerated') return null
  if (table !== builtinTable) return `hyp plan ${table}`
  // Only where a later release asks for it is the table's own release a way out.
  const isAhead =
    difference.cause === 'declaration' && difference.isBuiltin && found.release !== null && found.release < declared
  // A daemon that runs, runs as another release; where none does, there is nothing to stop.
  return isAhead ? `hyp stop && hyp start --as-release ${found.release}` : 'hyp plan'
}
