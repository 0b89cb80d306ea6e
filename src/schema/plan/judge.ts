import { builtinTable } from '../builtin.ts'
import { type ChangeKind, type Rule, type RuleCode, ruleOf, type Sign } from '../rules.ts'
import type { Difference } from './drift.ts'

/** One line of a plan: a difference, judged. */
export interface PlannedChange {
  readonly sign: Sign
  readonly code: RuleCode
  readonly kind: ChangeKind
  /** pending: the declaration is ahead. drift: the table was changed by others, or a release was edited. */
  readonly origin: 'pending' | 'drift'
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
    origin: cause === 'declaration' ? 'pending' : 'drift',
    cause,
    path,
    fieldId,
    type,
    change,
    rule: rule.title,
    reason: rule.kind === 'in-place' ? null : reasonFor(rule, table.found),
    fix: rule.fix ?? null,
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

/** What another program did can be accepted, as long as it leaves the declaration something to go on. */
const acceptable: ReadonlySet<RuleCode> = new Set(['TO301', 'TO302', 'TO304', 'BR213'])

function commandFor(rule: Rule, { cause }: Difference, { table, declared, found }: JudgedTable): string | null {
  if (rule.kind === 'in-place') return null
  if (cause === 'other program' && acceptable.has(rule.code)) return `hyp adopt ${table}`
  if (rule.kind === 'tolerated') return null
  if (table !== builtinTable) return `hyp plan ${table}`
  // Only where the built-in declaration is ahead of the table is the table's release a way out.
  return found.release !== null && found.release < declared ? `hyp daemon --as-release ${found.release}` : 'hyp plan'
}
