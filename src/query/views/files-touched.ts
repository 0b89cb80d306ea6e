import { jsonText } from './columns.ts'
import type { View, ViewSource } from './view.ts'

/** Tools whose arguments name one file, and what they do with it. */
const fileTools: Readonly<Record<string, string>> = {
  Read: 'read',
  NotebookRead: 'read',
  Write: 'write',
  Edit: 'edit',
  MultiEdit: 'edit',
  NotebookEdit: 'edit',
}

/** Headers of a patch as Codex writes them, and what each does with the file it names. */
const patchHeaders: Readonly<Record<string, string>> = {
  'Add File': 'write',
  'Update File': 'edit',
  'Delete File': 'delete',
  'Move to': 'write',
}

const listed = (names: readonly string[]): string => names.map(name => `'${name}'`).join(', ')

const whenSql = (column: string, operations: Readonly<Record<string, string>>): string =>
  Object.entries(operations)
    .map(([name, operation]) => `WHEN ${column} = '${name}' THEN '${operation}'`)
    .join(' ')

const inherited = [
  'session_id',
  'conversation_id',
  'agent_id',
  'message_id',
  'tool_call_id',
  'tool_name',
  'client_name',
  'called_at',
  'date',
  'cwd',
  'repository',
  'is_error',
] as const

/** A path as seen from a folder; either may be null or empty. */
function withinSql(folder: string, path: string): string {
  return `CASE WHEN COALESCE(${path}, '') = '' THEN ${folder}
    WHEN ${folder} IS NULL OR ${path} LIKE '/%' OR ${path} LIKE '~%' OR ${path} LIKE '_:%' THEN ${path}
    ELSE ${folder} || '/' || ${path} END`
}

/**
 * A patch stands in a JSON text, where a line ends with `\n` in two characters: so it is found in the arguments of a
 * tool for patches and in those of a shell alike. A line of the patch's content begins with a sign or a blank.
 */
function filesTouchedSql(source: ViewSource): string {
  const headers = Object.keys(patchHeaders).join('|')
  const path = `COALESCE(${jsonText('tool_args', '$.file_path')}, ${jsonText('tool_args', '$.notebook_path')}, ${jsonText('tool_args', '$.path')})`
  return `SELECT ${inherited.join(', ')}, operation, ${withinSql('folder', 'path')} AS path
FROM (
  SELECT ${inherited.join(', ')}, ${withinSql('cwd', 'workdir')} AS folder,
    CASE ${whenSql('tool_name', fileTools)}
      ${whenSql(`REGEXP_EXTRACT(touched, '(${headers}): ', 1)`, patchHeaders)} END AS operation,
    CASE WHEN tool_name IN (${listed(Object.keys(fileTools))}) THEN touched
      ELSE ${jsonText(`'"' || REGEXP_EXTRACT(touched, ': (.*)', 1) || '"'`, '$')} END AS path
  FROM (
    SELECT ${inherited.join(', ')},
      CASE WHEN tool_args LIKE '%"work%' THEN
        COALESCE(${jsonText('tool_args', '$.workdir')}, ${jsonText('tool_args', '$.working_directory')}) END AS workdir,
      UNNEST(
      CASE WHEN tool_name IN (${listed(Object.keys(fileTools))}) THEN [${path}]
        ELSE REGEXP_EXTRACT_ALL(tool_args, '(?:\\\\n|")\\*\\*\\* ((?:${headers}): (?:[^"\\\\]|\\\\[^nr])+)', 1) END
    ) AS touched
    FROM ${source.from('tool_calls')}
    WHERE tool_name IN (${listed(Object.keys(fileTools))})
      OR (tool_args LIKE '%*** Begin Patch%' AND (tool_name LIKE '%apply\\_patch%' ESCAPE '\\' OR tool_args LIKE '%apply\\_patch%' ESCAPE '\\'))
  ) AS calls
) AS files
WHERE path IS NOT NULL`
}

export const filesTouchedView: View = {
  name: 'files_touched',
  doc: 'One row for each file that a tool read, wrote, edited or deleted, or tried to.',
  needs: [],
  over: ['tool_calls'],
  columns: {
    'session_id, conversation_id, agent_id, message_id, tool_call_id, tool_name, client_name': 'who, and by which call',
    'called_at, date, cwd, repository': 'when and where',
    is_error: 'whether the call failed; null where it has no result',
    operation: '`read`, `write` (the whole file, or where a file was moved to), `edit` or `delete`',
    path: 'the file, with the working directory before it, that of the call where it names one, where the tool was given a relative path',
  },
  sql: filesTouchedSql,
}
