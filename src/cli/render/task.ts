import type { TaskDetails, TaskSummary, TasksDocument } from '../../daemon/task-document.ts'
import { isResumable } from '../../stores/records/task-life.ts'
import type { CommandContext } from '../context.ts'
import { pasteableHint } from './error.ts'
import { problemLines } from './records.ts'
import { alignColumns, count, duration, indent, plural, wrapCut } from './text.ts'
import { visible, visibleIn } from './visible.ts'

type Pasteable = Pick<CommandContext, 'pasteable'>

const width = 100

/** The tasks, a line each. */
export function renderTasks({ tasks, problems }: TasksDocument, context: Pasteable): string {
  const rows = [
    ['task', 'kind', 'status', 'progress', 'since', 'took'],
    ...tasks.map(task => [
      task.id,
      task.kind,
      task.status,
      progressOf(task),
      task.startedAt ?? task.createdAt,
      task.elapsed_ms === null ? '' : duration(task.elapsed_ms),
    ]),
  ]
  const none = problems.length === 0 ? ['There are no tasks yet.'] : []
  const lines = tasks.length === 0 ? none : alignColumns(rows, [5])
  return `${[...lines.map(visible), ...problemLines(problems, context)].join('\n')}\n`
}

/** One task with what happened to it. */
export function renderTask(raw: TaskDetails, { pasteable }: Pasteable): string {
  const task = visibleIn(raw)
  const { error, resumedFrom } = task
  const took = task.elapsed_ms === null ? '' : ` after ${duration(task.elapsed_ms)}`
  const lines = [
    `task      ${task.id}`,
    `what      ${task.kind}${members(task.input)}`,
    `status    ${task.status}${task.terminalReason === null || task.terminalReason === task.status ? '' : ` (${task.terminalReason})`}`,
    `created   ${task.createdAt}${resumedFrom === null ? '' : `, resumed from ${resumedFrom}`}`,
    ...(task.startedAt === null ? [] : [`started   ${task.startedAt}`]),
    ...(task.endedAt === null ? [] : [`ended     ${task.endedAt}${took}`]),
    ...(task.progress === null ? [] : [`progress  ${progressOf(task)}`]),
    ...(task.result === null ? [] : [`result   ${members(task.result)}`]),
    ...(error === null
      ? []
      : [`error     ${error.message} [${error.code}]`, `          hint: ${pasteableHint(error.hint, pasteable)}`]),
    ...(isResumable(task) ? [`again     ${pasteable(`hyp tasks ${task.id} --resume`)}`] : []),
    '',
    ...task.timeline.flatMap(({ at, kind, summary }) =>
      indent(wrapCut(summary, width - 38), `${at}  ${kind.padEnd(10)}  `, ' '.repeat(38)),
    ),
  ]
  return `${lines.join('\n')}\n`
}

function progressOf({ progress }: TaskSummary): string {
  if (progress === null) return ''
  const { done, total, unit, rows } = progress
  return `${count(done)} of ${count(total)} ${unit}, ${plural(rows, 'row')}`
}

/** The members of an object that say something, as words. */
function members(object: TaskSummary['input']): string {
  return Object.entries(object)
    .map(([name, value]) => ` ${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(',')
}
