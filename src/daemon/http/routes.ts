import { compactSteps, expireSteps } from '../../stores/table/upkeep/due.ts'
import { adopt, apply, backfill } from './commands.ts'
import { backUp, relocate } from './copies.ts'
import { deleteRows } from './deletion.ts'
import { healthz, readMetrics, readyz, status } from './health.ts'
import { maintain } from './maintenance.ts'
import { get, post, postBytes, type Route } from './route.ts'
import { takeRows } from './rows.ts'
import { cancelTask, listTasks, resumeTask, showTask } from './tasks.ts'

/** Every route. `docs/http.md` is made of it. */
export const routes: readonly Route[] = [
  get('/healthz', { doc: 'Says `ok` while the process lives, whatever else is wrong.' }, healthz),
  get(
    '/readyz',
    {
      doc: 'Says as text what does not hold, a line each, and last the verdict; 503 where anything does not. With `?verbose` also what holds.',
    },
    readyz,
  ),
  get('/metrics', { doc: 'The [metrics](metrics.md), as Prometheus reads them.' }, readMetrics),
  get('/v1/status', { doc: 'What `hyp status --json` prints, without `running`.' }, status),
  post(
    '/v1/apply',
    {
      doc: 'Does what `hyp apply` does; members `table`, `expect`, `release`. 200 also where a table was refused: the answer says of each what became of it.',
      errors: ['DECLARATION_INVALID', 'PLAN_CHANGED'],
    },
    apply,
  ),
  post(
    '/v1/adopt',
    {
      doc: 'Does what `hyp adopt` does; members `target`, `directory`, `name`, `release`.',
      errors: ['ADOPTION_REFUSED', 'DECLARATION_INVALID', 'STORE_NEWER', 'TABLE_NOT_FOUND'],
    },
    adopt,
  ),
  post(
    '/v1/backfill',
    {
      doc: 'Does what `hyp backfill` does; members `source` (`all`, `claude` or `codex`), `since`, `until`, `directories` (of clients, by source), `dryRun`, `release`. Answers NDJSON, one event a line, `done` or an error last.',
      errors: ['SPOOL_FULL', 'DISK_FULL', 'DISK_FAILED'],
    },
    backfill,
  ),
  get('/v1/tasks', { doc: 'What `hyp tasks --json` prints.' }, listTasks),
  get(
    '/v1/tasks/:id',
    {
      doc: 'What `hyp tasks ID --json` prints.',
      errors: ['NOT_FOUND', 'RECORD_NEWER', 'RECORD_UNREADABLE'],
    },
    showTask,
  ),
  post(
    '/v1/tasks/:id/cancel',
    {
      doc: 'Ends a task, and answers with it when it has ended.',
      errors: ['NOT_FOUND', 'TASK_ENDED', 'RECORD_NEWER', 'RECORD_UNREADABLE'],
    },
    cancelTask,
  ),
  post(
    '/v1/tasks/:id/resume',
    {
      doc: 'Begins the work of a task again, as a new one, and answers 202 with that as it begins.',
      errors: ['NOT_FOUND', 'TASK_ENDED', 'SCHEMA_BREAKING', 'STORE_NEWER', 'RECORD_NEWER', 'RECORD_UNREADABLE'],
    },
    resumeTask,
  ),
  post(
    '/v1/tables/:table/delete',
    {
      doc: 'Does what `hyp table delete` does; one of `session`, `before` and `where`, and `dryRun`, `purge`, `release`. Answers with what `--json` prints.',
      errors: [
        'NOT_FOUND',
        'TABLE_NOT_FOUND',
        'QUERY_REFUSED',
        'QUERY_FAILED',
        'RECORD_NEWER',
        'RECORD_UNREADABLE',
        'COMMIT_CONFLICT',
        'REPLACED_FILES_CHANGED',
        'INTERRUPTED',
      ],
    },
    deleteRows,
  ),
  post(
    '/v1/tables/:table/compact',
    {
      doc: 'Does what `hyp table compact` does; member `dryRun`. Answers with what `--json` prints, 200 also where a part of it failed.',
      errors: ['NOT_FOUND', 'TABLE_NOT_FOUND', 'INTERRUPTED'],
    },
    exchange => maintain(exchange, compactSteps),
  ),
  post(
    '/v1/tables/:table/expire',
    {
      doc: 'Does what `hyp table expire` does; member `dryRun`. Answers with what `--json` prints, 200 also where a part of it failed.',
      errors: ['NOT_FOUND', 'TABLE_NOT_FOUND', 'INTERRUPTED'],
    },
    exchange => maintain(exchange, expireSteps),
  ),
  post(
    '/v1/relocate',
    {
      doc: 'Does what `hyp table relocate` does; members `table` (all of them where it is left out), `dryRun`.',
      errors: ['NOT_FOUND', 'TABLE_NOT_FOUND', 'FILE_MISSING', 'FORMAT_UNSUPPORTED', 'COMMIT_CONFLICT'],
    },
    relocate,
  ),
  post(
    '/v1/backup',
    {
      doc: 'Does what `hyp backup` does; member `directory`, a whole path on the machine of the daemon. Answers when the backup is whole and durable. 409 while another one is made.',
      errors: ['DECLARATION_INVALID', 'LOCKED', 'FILE_MISSING', 'DISK_FULL', 'DISK_FAILED', 'INTERRUPTED'],
    },
    backUp,
  ),
  postBytes(
    '/v1/tables/:table/rows',
    {
      doc: 'Takes rows as NDJSON, as a JSON array or as an Arrow stream, and answers 202 when they are durable: see [ingest.md](ingest.md). `?partial=1` takes those that fit where others do not; `Idempotency-Key` makes two requests one.',
      errors: [
        'MEDIA_TYPE_UNSUPPORTED',
        'BODY_INVALID',
        'ROWS_REFUSED',
        'IDEMPOTENCY_CONFLICT',
        'SPOOL_FULL',
        'DISK_FULL',
        'DISK_FAILED',
      ],
    },
    takeRows,
  ),
]
