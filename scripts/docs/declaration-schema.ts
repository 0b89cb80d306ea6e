import { simplePrimitives } from '../../src/iceberg/primitive.ts'
import { builtinTable } from '../../src/schema/builtin.ts'
import { extensionKeys, fieldKeys, wholeKeys } from '../../src/schema/declaration-file/column.ts'
import { contractKeys, contractModes } from '../../src/schema/declaration-file/contract.ts'
import { extensionFileKeys } from '../../src/schema/declaration-file/extension.ts'
import type { Keys } from '../../src/schema/declaration-file/members.ts'
import { partitionKeys } from '../../src/schema/declaration-file/partition.ts'
import { directions, nullPlaces, sortKeys } from '../../src/schema/declaration-file/sort-order.ts'
import { wholeFileKeys } from '../../src/schema/declaration-file/whole.ts'

/*
 * The JSON Schema of declaration files, for editors. Which keys there are is
 * taken from the reader; what is checked beyond the shape only the reader knows.
 */

type JsonSchema = boolean | Readonly<Record<string, unknown>>

const text = { type: 'string', minLength: 1 }
const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` })
const listOf = (items: JsonSchema, more: object = {}): JsonSchema => ({ type: 'array', items, ...more })

/** What may stand under each key, by the object that has it. */
const members: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>> = {
  column: {
    name: { ...text, description: 'The column’s name; once, in whatever case.' },
    type: ref('type'),
    required: { type: 'boolean', description: 'Whether every row has a value. False when left out.' },
    doc: { type: 'string', description: 'One sentence that says what the column means; it stands in the schema.' },
    from: { type: 'string', pattern: '^(/|$)', description: 'JSON Pointer into the captured record.' },
    renamedFrom: {
      oneOf: [text, listOf(text, { minItems: 1, uniqueItems: true })],
      description: 'The name it had before; after several renames all of them, the newest first.',
    },
    default: { description: 'What rows have that give no value; format version 3 only.' },
    illTypedValues: ref('mode'),
  },
  contract: { unknownFields: ref('mode'), illTypedValues: ref('mode') },
  file: {
    $schema: { type: 'string' },
    release: { type: 'integer', minimum: 1, description: 'Only grows. 1 when left out.' },
    location: { type: 'string', pattern: '^/', description: 'The table’s directory, where it is not in the home.' },
    identifier: listOf(text, { description: 'The row key: columns by which rows are told apart.' }),
    partitionBy: listOf(ref('partition'), { description: 'What files are laid out by.' }),
    sortBy: listOf({ oneOf: [text, ref('sort')] }, { description: 'What rows are sorted by within a file.' }),
    contract: ref('contract'),
  },
  partition: { column: text, transform: ref('transform') },
  sort: {
    column: text,
    transform: ref('transform'),
    direction: { enum: directions },
    nulls: { enum: nullPlaces },
  },
}

function object(
  of: string,
  keys: Keys,
  required: readonly string[],
  more: Record<string, JsonSchema> = {},
): JsonSchema {
  const known = { ...members[of], ...more }
  const properties = Object.fromEntries(keys.allowed.map(key => [key, known[key] as JsonSchema]))
  return { type: 'object', properties, required, additionalProperties: false }
}

function nested(kind: string, parts: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema {
  return {
    type: 'object',
    properties: { type: { const: kind }, ...parts },
    required: ['type', ...required],
    additionalProperties: false,
  }
}

const typeNames =
  '^(timestamp_ns|timestamptz_ns|variant|unknown|geometry(\\(.*\\))?|geography(\\(.*\\))?|decimal\\(\\s*\\d+\\s*,\\s*\\d+\\s*\\)|fixed\\[\\s*\\d+\\s*\\])$'

/** The file `docs/declaration.schema.json`. */
export function renderDeclarationSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A declaration file of hyp',
    description: `${builtinTable}.json adds columns to the built-in table; any other file declares a table whole. Written by npm run docs.`,
    oneOf: [ref('whole'), ref('extension')],
    $defs: {
      whole: object('file', wholeFileKeys, ['table', 'columns'], {
        table: {
          ...text,
          not: { const: builtinTable },
          description: 'The table’s name, which is the file’s name too.',
        },
        columns: listOf(ref('column'), { minItems: 1 }),
      }),
      extension: object('file', extensionFileKeys, ['columns'], {
        table: { const: builtinTable },
        columns: listOf(ref('ownColumn')),
      }),
      column: object('column', wholeKeys, ['name', 'type']),
      ownColumn: object('column', extensionKeys, ['name', 'type']),
      field: object('column', fieldKeys(wholeKeys), ['name', 'type']),
      contract: object('contract', contractKeys, []),
      mode: {
        enum: contractModes,
        description:
          'What becomes of a row that does not fit: refused, kept without the value, discarded. freeze when left out.',
      },
      type: {
        oneOf: [
          { enum: simplePrimitives },
          { type: 'string', pattern: typeNames },
          nested('struct', { fields: listOf(ref('field'), { minItems: 1 }) }, ['fields']),
          nested('list', { element: ref('type'), elementRequired: { type: 'boolean' } }, ['element']),
          nested('map', { key: ref('type'), value: ref('type'), valueRequired: { type: 'boolean' } }, ['key', 'value']),
        ],
      },
      transform: { type: 'string', pattern: '^(identity|year|month|day|hour|bucket\\[\\d+\\]|truncate\\[\\d+\\])$' },
      partition: object('partition', partitionKeys, partitionKeys.allowed),
      sort: object('sort', sortKeys, ['column']),
    },
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}
