import type { BuiltinColumn } from './column.ts'

/** What is known about the turn and the API response behind a row. */
export const turnColumns: readonly BuiltinColumn[] = [
  {
    name: 'runtime_key',
    type: 'string',
    since: 8,
    doc: 'Key of the runtime that served the turn, noted when the turn began and never guessed afterwards; the turns store has it under the same name; null where none was noted.',
  },
  {
    name: 'inference_id',
    type: 'string',
    since: 8,
    doc: 'Id of the inference that produced the turn, noted with it; the turns store has it under the same name; null where none was noted.',
  },
  {
    name: 'input_tokens',
    type: 'long',
    since: 9,
    doc: 'Tokens of input in the usage report of the row’s own record, for Claude without those of the two cache columns; the report repeats on every row of a message and on other messages of the same response, so never sum it over rows: read the view `usage`.',
  },
  {
    name: 'output_tokens',
    type: 'long',
    since: 9,
    doc: 'Tokens of output in the usage report of the row’s own record, only a part of them on early records of a response; it repeats from row to row, so never sum it over rows: read the view `usage`.',
  },
  {
    name: 'cache_creation_input_tokens',
    type: 'long',
    since: 9,
    doc: 'Tokens of input written to the provider’s prompt cache, in the usage report of the row’s own record; it repeats from row to row, so never sum it over rows: read the view `usage`.',
  },
  {
    name: 'cache_read_input_tokens',
    type: 'long',
    since: 9,
    doc: 'Tokens of input read from the provider’s prompt cache, in the usage report of the row’s own record; it repeats from row to row, so never sum it over rows: read the view `usage`.',
  },
]
