import { takeLock } from '../../daemon/lock.ts'
import { type TaskDocument, type TasksDocument, taskDocument, tasksDocument } from '../../daemon/task-document.ts'
import { findTask, listTasks, openTasks } from '../../daemon/tasks.ts'
import { HypError } from '../../errors.ts'
import { recordPlace } from '../../stores/records/place.ts'
import { isRecordId } from '../../stores/records/record-id.ts'
import { isEnded } from '../../stores/records/task-life.ts'
import { findDaemon } from '../client.ts'
import type { CommandContext } from '../context.ts'
import { printDocument } from '../document.ts'
import type { OptionValues } from '../option.ts'
import { renderBackfill } from '../render/backfill.ts'
import { renderTask, renderTasks } from '../render/task.ts'
import { reporter } from '../reporter.ts'
import { write } from '../writer.ts'
import { backfillUnderLock } from './backfill.ts'

/** Shows the tasks, or one; ends one that runs, or begins one again. */
export async function runTasks(
  context: CommandContext,
  options: OptionValues,
  id: string | undefined,
): Promise<number> {
  const { io } = context
  const cancels = options['cancel'] === true
  const resumes = options['resume'] === true
  if (cancels && resumes) throw new HypError('USAGE', '--cancel and --resume are two things.')
  if (id === undefined && (cancels || resumes))
    throw new HypError('USAGE', `--${cancels ? 'cancel' : 'resume'} wants the id of a task.`, {
      hint: 'See `hyp tasks`.',
    })
  if (id === undefined) {
    const document = await list(context)
    if (options['json'] === true) await printDocument(io, document)
    else await io.stdout(renderTasks(document, context))
    return 0
  }
  // What is no id is none of a task, whoever is asked.
  if (!isRecordId(id)) await findTask(recordPlace(context.home), id)
  const document = cancels ? await cancel(context, id) : resumes ? await resume(context, id) : await find(context, id)
  if (options['json'] === true) await printDocument(io, document)
  else await io.stdout(renderTask(document.task, context))
  return 0
}

async function list({ home }: CommandContext): Promise<TasksDocument> {
  const daemon = await findDaemon(home)
  return daemon === undefined ? tasksDocument(await listTasks(recordPlace(home))) : daemon.get('/v1/tasks')
}

async function find({ home }: CommandContext, id: string): Promise<TaskDocument> {
  const daemon = await findDaemon(home)
  return daemon === undefined
    ? taskDocument((await findTask(recordPlace(home), id)).value)
    : daemon.get(`/v1/tasks/${id}`)
}

async function cancel({ home }: CommandContext, id: string): Promise<TaskDocument> {
  const daemon = await findDaemon(home)
  if (daemon !== undefined) return daemon.post(`/v1/tasks/${id}/cancel`, {})
  const place = recordPlace(home)
  const { value } = await findTask(place, id)
  if (isEnded(value))
    throw new HypError('TASK_ENDED', `The task ${id} cannot be cancelled: it has ended.`, {
      details: { id, status: value.status },
    })
  // A command that works under the lock runs it: that is named, and ends by its own Ctrl-C. Else it runs no more.
  const lock = await takeLock(home)
  try {
    return taskDocument(await (await openTasks(place)).find(id))
  } finally {
    lock.release()
  }
}

/** In the daemon it begins and goes on there; without one the command does it, and ends when it has. */
async function resume(context: CommandContext, id: string): Promise<TaskDocument> {
  const { io } = context
  const lines = reporter(io, io.stderrIsTerminal, io.stderr)
  try {
    return await write(context, {
      throughDaemon: daemon => daemon.post<TaskDocument>(`/v1/tasks/${id}/resume`, {}),
      underLock: async () =>
        taskDocument(
          await backfillUnderLock(
            context,
            tasks => tasks.resumable(id),
            event => lines.show(renderBackfill(event, context.pasteable)),
          ),
        ),
    })
  } finally {
    lines.end()
  }
}
