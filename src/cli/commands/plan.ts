import { errorCatalogue } from '../../error-catalogue.ts'
import { errorDocument, HypError } from '../../errors.ts'
import type { Mistake } from '../../schema/declaration-file.ts'
import type { Verdict } from '../../schema/plan.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { type PlanFailure, type PlannedTables, type PlanRequest, plansOf } from '../planned.ts'
import { renderError } from '../render/error.ts'
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
  const { io, pasteable, retyped } = context
  const format = formatOf(options)
  const { planned, failures } = await plansFor(context, { table, ...requestOf(options) }, format)
  const plans = planned.map(({ plan }) => plan)
  const verdict = worstVerdict(plans)
  if (format === 'json')
    await printDocument(io, {
      verdict,
      plans,
      failures: failures.map(failure => ({ ...failure, error: errorDocument(failure.error) })),
    })
  else if (format === 'github') await io.stdout(`${renderPlansForGithub(planned, pasteable, failures)}\n`)
  else if (format === 'markdown') await io.stdout(`${renderPlansAsMarkdown(planned, retyped, failures)}\n`)
  else {
    const told = [
      ...planned.map(({ plan, at }) => renderPlan(plan, pasteable, at)),
      ...failures.map(failure => failureText(failure, context, options['verbose'] === true)),
    ]
    await io.stdout(`${told.join('\n\n')}\n`)
  }
  const failed = failures.map(({ error }) => errorCatalogue[error.code].exit)
  return Math.max(0, ...failed, ...(options['exitCode'] === true ? [exitStatus[verdict]] : []))
}

/** What stands in the place of a plan. */
function failureText({ table, error }: PlanFailure, { pasteable }: CommandContext, verbose: boolean): string {
  return `table    ${table}   cannot be read\n\n${renderError(error, { json: false, verbose, pasteable }).trimEnd()}`
}

async function plansFor(context: CommandContext, request: PlanRequest, format: string): Promise<PlannedTables> {
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
