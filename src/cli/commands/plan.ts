import { HypError } from '../../errors.ts'
import type { Mistake } from '../../schema/declaration-file.ts'
import type { Verdict } from '../../schema/plan.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { type Planned, type PlanRequest, plansOf } from '../planned.ts'
import { renderPlan } from '../render/plan.ts'
import { renderMistakesForGithub, renderPlansForGithub } from '../render/plan-github.ts'
import { renderPlansAsMarkdown } from '../render/plan-markdown.ts'
import { worstVerdict } from '../render/verdict.ts'

const exitStatus: Readonly<Record<Verdict, number>> = {
  current: 0,
  absent: 2,
  pending: 2,
  drifted: 2,
  breaking: 3,
  newer: 4,
}

/** Prints the plans of a request. With `--exit-code` the worst verdict is the exit status. Writes nothing anywhere. */
export async function runPlan(
  context: CommandContext,
  options: OptionValues,
  table: string | undefined,
): Promise<number> {
  const { io, pasteable } = context
  const format = formatOf(options)
  const planned = await plansFor(context, { table, ...requestOf(options) }, format)
  const plans = planned.map(({ plan }) => plan)
  const verdict = worstVerdict(plans)
  if (format === 'json') await printDocument(io, { verdict, plans })
  else if (format === 'github') await io.stdout(`${renderPlansForGithub(planned, pasteable)}\n`)
  else if (format === 'markdown') await io.stdout(`${renderPlansAsMarkdown(planned)}\n`)
  else await io.stdout(`${planned.map(({ plan, at }) => renderPlan(plan, pasteable, at)).join('\n\n')}\n`)
  return options['exitCode'] === true ? exitStatus[verdict] : 0
}

async function plansFor(context: CommandContext, request: PlanRequest, format: string): Promise<readonly Planned[]> {
  try {
    return await plansOf(context, request)
  } catch (error) {
    const mistakes = error instanceof HypError ? error.details['mistakes'] : undefined
    if (format === 'github' && mistakes !== undefined)
      await context.io.stdout(`${renderMistakesForGithub(mistakes as readonly Mistake[])}\n`)
    throw error
  }
}

function requestOf(options: OptionValues): Omit<PlanRequest, 'table'> {
  return { declare: text(options['declare']), against: text(options['against']), tablePath: text(options['table']) }
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function formatOf({ json, format }: OptionValues): string {
  if (json === true && format !== undefined && format !== 'json')
    throw new HypError('USAGE', `The output is asked for as JSON and as ${String(format)}.`, {
      hint: 'Leave out --json or --format.',
    })
  return json === true ? 'json' : (text(format) ?? 'text')
}
