import { HypError } from '../../errors.ts'
import { suggestion } from '../../schema/declaration-file/suggestion.ts'
import { kindTexts, type Rule, type RuleCode, ruleOf, rules } from '../../schema/rules.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { alignColumns, indent, wrap } from '../render/text.ts'

/** The rule catalogue, or one rule of it whole. */
export async function runRules(context: CommandContext, options: OptionValues, named?: string): Promise<number> {
  const codes = Object.keys(rules) as RuleCode[]
  const shown = named === undefined ? codes.map(ruleOf) : [find(named, codes)]
  if (options['json'] === true) await printDocument(context.io, { rules: shown.map(ruleDocument) })
  else await context.io.stdout(`${(named === undefined ? tableOf(shown) : shown.flatMap(page)).join('\n')}\n`)
  return 0
}

function find(named: string, codes: readonly RuleCode[]): Rule {
  const code = codes.find(candidate => candidate === named.toUpperCase())
  if (code !== undefined) return ruleOf(code)
  const close = suggestion(named, codes)
  throw new HypError('USAGE', `There is no rule ${JSON.stringify(named)}.`, {
    hint: close === undefined ? '`hyp rules` lists them all.' : `Did you mean ${close}? \`hyp rules\` lists them all.`,
  })
}

function ruleDocument({ code, kind, sign, title, why, fix }: Rule): object {
  return { code, kind, sign, title, why, fix: fix ?? null, docs: `docs/rules.md#${code}` }
}

function tableOf(shown: readonly Rule[]): string[] {
  return alignColumns(shown.map(({ sign, code, kind, title }) => [sign, code, kind, title]))
}

const width = 100

function page({ sign, code, kind, title, why, fix }: Rule): string[] {
  const part = (label: string, text: string): string[] => indent(wrap(text, width - 9), label.padEnd(9), ' '.repeat(9))
  return [
    ...part(`${sign} ${code}`, title),
    ...part('kind', `${kind}. ${kindTexts[kind]}`),
    ...part('why', why),
    ...(fix === undefined ? [] : part('fix', fix)),
    ...part('see', `docs/rules.md#${code}`),
  ]
}
