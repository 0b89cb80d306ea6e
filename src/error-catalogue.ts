import type { IcebergErrorCode } from './iceberg/errors.ts'

interface ErrorEntry {
  /** Exit status of the command line. */
  readonly exit: number
  /** Status of the HTTP interface. */
  readonly http: number
  /** One sentence for the documentation: when it is returned. */
  readonly when: string
  /** One sentence for the person who meets it, unless the error brings a better one. */
  readonly hint: string
}

const entries = {
  COMMIT_CONFLICT: {
    exit: 75,
    http: 409,
    when: 'Another writer committed first, and every retry met the same.',
    hint: 'Run the command again.',
  },
  COMMIT_STATE_UNKNOWN: {
    exit: 75,
    http: 503,
    when: 'The disk failed while a commit was being made durable; it may or may not be in the table.',
    hint: 'Nothing was deleted. Check the disk, then run the command again: it looks first whether the commit landed.',
  },
  REPLACED_FILES_CHANGED: {
    exit: 75,
    http: 409,
    when: 'Another writer replaced files, or deleted rows of them, while they were being rewritten.',
    hint: 'Nothing was changed. Run the command again.',
  },
  TABLE_NOT_FOUND: {
    exit: 1,
    http: 404,
    when: 'There is no table at the place that was named.',
    hint: 'Run `hyp start`: it creates the table.',
  },
  TABLE_EXISTS: {
    exit: 75,
    http: 409,
    when: 'A table was to be created where one is already.',
    hint: 'Run the command again; it will use the table that is there.',
  },
  TABLE_FORKED: {
    exit: 1,
    http: 409,
    when: 'A catalog and hyp both wrote to a table, each without what the other had committed.',
    hint: 'Nothing was changed. Decide which line is the table, and move the metadata files of the other away; its rows are still in its data files.',
  },
  METADATA_INVALID: {
    exit: 1,
    http: 500,
    when: 'A metadata file of the table is damaged or not allowed by the format.',
    hint: 'Nothing was changed. Restore the named file from a copy of the home.',
  },
  MANIFEST_INVALID: {
    exit: 1,
    http: 500,
    when: 'A manifest or manifest list of the table is damaged.',
    hint: 'Nothing was changed. Restore the named file from a copy of the home.',
  },
  FILE_MISSING: {
    exit: 1,
    http: 500,
    when: 'A file that the table names is not there.',
    hint: 'Nothing was changed. Restore the named file from a copy of the home; `hyp table verify` lists every missing file.',
  },
  DATA_INVALID: {
    exit: 1,
    http: 500,
    when: 'A data file is damaged or is not what its manifest says.',
    hint: 'Nothing was changed. Restore the named file from a copy of the home; `hyp table verify` lists every damaged file.',
  },
  FORMAT_UNSUPPORTED: {
    exit: 1,
    http: 501,
    when: 'The table uses a part of the Iceberg format that this version does not handle.',
    hint: 'Nothing was changed.',
  },
  UPDATE_ILLEGAL: {
    exit: 1,
    http: 400,
    when: 'A commit holds an update that the Iceberg format does not allow.',
    hint: 'Nothing was changed.',
  },
  ROW_INVALID: {
    exit: 1,
    http: 422,
    when: 'A row does not fit the table: a required value is missing, or a value is of another type.',
    hint: 'Nothing was written.',
  },
  USAGE: { exit: 64, http: 400, when: 'The command line or the request is not understood.', hint: 'See `hyp --help`.' },
  DECLARATION_INVALID: {
    exit: 78,
    http: 422,
    when: 'A declaration has mistakes; all of them are listed with line and path.',
    hint: 'Mend the file and run `hyp plan`. The table was not touched.',
  },
  CONFIG_INVALID: {
    exit: 78,
    http: 422,
    when: 'A setting has a value that is not allowed.',
    hint: 'Mend the setting; nothing was changed.',
  },
  SCHEMA_BREAKING: {
    exit: 3,
    http: 409,
    when: 'The declaration asks for a change that cannot be made in place.',
    hint: 'See `hyp plan` for every reason. Nothing was written.',
  },
  ADOPTION_REFUSED: {
    exit: 3,
    http: 409,
    when: 'A table cannot be taken under a declaration as it is; everything in the way is listed.',
    hint: 'Remove what is in the way with the program that made the table, then run `hyp adopt` again. Nothing was written.',
  },
  STORE_NEWER: {
    exit: 4,
    http: 409,
    when: 'The table was written by a later release than this one.',
    hint: 'Install that release or a later one. Nothing was changed.',
  },
  PLAN_CHANGED: {
    exit: 75,
    http: 409,
    when: '`--expect` named another plan than the present one.',
    hint: 'Read `hyp plan` again and pass its id.',
  },
  LOCKED: {
    exit: 75,
    http: 409,
    when: 'Another process holds the one-writer lock of this home.',
    hint: 'Stop that process, or let it do the work.',
  },
  DAEMON_UNREACHABLE: {
    exit: 69,
    http: 503,
    when: 'A command needs the daemon, and it does not answer.',
    hint: 'Start it with `hyp start`.',
  },
  VERSION_MISMATCH: {
    exit: 75,
    http: 409,
    when: 'The command line and the running daemon are of different versions.',
    hint: 'Restart the daemon: `hyp stop`, then `hyp start`.',
  },
  HOME_UNUSABLE: {
    exit: 78,
    http: 500,
    when: 'The home directory cannot be created, read or written.',
    hint: 'Name another home with HYP_HOME, or mend its permissions.',
  },
  DISK_FULL: {
    exit: 1,
    http: 507,
    when: 'There is no space left on the disk.',
    hint: 'Nothing that was stored is lost. `hyp table expire` frees space on a full disk too; then run the command again.',
  },
  DISK_FAILED: {
    exit: 1,
    http: 500,
    when: 'The disk failed while something was read or written.',
    hint: 'Check the disk, then run the command again. Nothing that was stored was changed.',
  },
  QUERY_REFUSED: {
    exit: 64,
    http: 400,
    when: 'A query is not a single SELECT, or calls a table function that reads something other than the tables.',
    hint: 'Only one SELECT (or WITH … SELECT) at a time can be run.',
  },
  QUERY_FAILED: {
    exit: 1,
    http: 400,
    when: 'The query engine refused or could not finish a query.',
    hint: "The message is the engine’s own; `hyp query 'SHOW TABLES'` lists the tables and views.",
  },
  INTERRUPTED: {
    exit: 130,
    http: 499,
    when: 'The work was interrupted.',
    hint: 'Nothing is half done. Run the command again.',
  },
  NOT_FOUND: {
    exit: 64,
    http: 404,
    when: 'What a request names is not there: a route, a declared table, a task, a record.',
    hint: 'Look at the name again.',
  },
  METHOD_NOT_ALLOWED: {
    exit: 64,
    http: 405,
    when: 'A route is there, but not for this method.',
    hint: 'The header `allow` names the methods.',
  },
  UNAUTHORIZED: {
    exit: 1,
    http: 401,
    when: 'A request over TCP came without the token of the home, or with another one.',
    hint: 'Send `Authorization: Bearer` with the text of `run/token` in the home.',
  },
  FORBIDDEN: {
    exit: 1,
    http: 403,
    when: 'A request came from a web page, or was sent to a name that is not this machine’s own.',
    hint: 'Send it from a program, to 127.0.0.1 or localhost.',
  },
  TOO_LARGE: {
    exit: 1,
    http: 413,
    when: 'The body of a request, or one row in it, is larger than is taken at once.',
    hint: 'Send the rows in several requests.',
  },
  REQUEST_TIMEOUT: {
    exit: 75,
    http: 408,
    when: 'A request began and did not come to its end in time.',
    hint: 'Nothing was stored. Send it again in one go.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    exit: 64,
    http: 415,
    when: 'Rows came in a format that is not known.',
    hint: 'Send `application/x-ndjson`, `application/json` or `application/vnd.apache.arrow.stream`.',
  },
  BODY_INVALID: {
    exit: 1,
    http: 400,
    when: 'The body of a request is not in the format it says.',
    hint: 'Nothing was stored.',
  },
  ROWS_REFUSED: {
    exit: 1,
    http: 422,
    when: 'Rows do not fit the declaration of their table; each is named with column and reason.',
    hint: 'Nothing of the batch was stored. Mend the rows, or store the others with `--partial` (`?partial=1`).',
  },
  IDEMPOTENCY_CONFLICT: {
    exit: 1,
    http: 422,
    when: 'An idempotency key came a second time, with other rows than the first time.',
    hint: 'Give other rows another key. What came first is stored.',
  },
  SPOOL_FULL: {
    exit: 75,
    http: 429,
    when: 'As many rows wait on their way to the tables as may wait.',
    hint: 'Send the same request again later. `hyp spool` shows what waits, and why.',
  },
  RECORD_NEWER: {
    exit: 4,
    http: 409,
    when: 'A record was written by a later version of hyp than this one.',
    hint: 'Install that version or a later one. The record was not changed.',
  },
  RECORD_UNREADABLE: {
    exit: 1,
    http: 500,
    when: 'A record is damaged, or its name is not one that a record may have.',
    hint: 'Nothing was changed. `hyp records` lists what can be put in its place.',
  },
  BACKUP_INVALID: {
    exit: 1,
    http: 500,
    when: 'What is to be restored is not a whole backup.',
    hint: 'Nothing was changed. Restore another backup, or copy this one again from where it was made.',
  },
  TASK_ENDED: {
    exit: 1,
    http: 409,
    when: 'A task was to be cancelled that has ended, or to be resumed that has not.',
    hint: 'See `hyp tasks`.',
  },
  INTERNAL: {
    exit: 1,
    http: 500,
    when: 'A mistake in hyp itself.',
    hint: 'Run it again with --verbose and report what it prints.',
  },
}

/** Everything that can be wrong, by its code. */
export type ErrorCode = keyof typeof entries

/** What each means to a caller; `docs/errors.md` is checked against it in both directions. */
export const errorCatalogue: Readonly<Record<ErrorCode | IcebergErrorCode, ErrorEntry>> = entries
