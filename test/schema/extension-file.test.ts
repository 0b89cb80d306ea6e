import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import {
  declarationInvalid,
  formatMistakes,
  type Mistake,
  readDeclarationFile,
} from '../../src/schema/declaration-file.ts'

const base = builtinDeclaration(9)
const path = 'schema/ai_gateway_messages.json'

function declared(text: string, on: Declaration = base): Declaration {
  const result = readDeclarationFile({ text, path, base: on, table: on.table })
  if ('mistakes' in result) throw new Error(formatMistakes(result.mistakes).join('\n'))
  return result.declaration
}

function mistakes(text: string, on: Declaration = base): readonly Mistake[] {
  const result = readDeclarationFile({ text, path, base: on, table: on.table })
  return 'mistakes' in result ? result.mistakes : []
}

/** What is enough to find a mistake: `line:column path code`. */
const places = (text: string): string[] =>
  mistakes(text).map(({ line, column, path: at, code }) => `${line}:${column} ${at} ${code}`)

describe('the user’s file', () => {
  test('adds its columns behind the built-in ones, in its order', () => {
    const { columns, ...rest } = declared(
      '{"columns": [{"name": "stop_reason", "type": "string", "from": "/message/stop_reason"}, {"name": "cost", "type": "decimal( 9 , 2 )", "doc": "In dollars.", "required": false}]}',
    )
    expect(columns.slice(0, base.columns.length)).toEqual(base.columns)
    expect(columns.slice(base.columns.length)).toEqual([
      { name: 'stop_reason', type: 'string', from: '/message/stop_reason' },
      { name: 'cost', type: 'decimal(9,2)', doc: 'In dollars.', required: false },
    ])
    const { columns: _, ...baseRest } = base
    expect(rest).toEqual(baseRest)
  })

  test('may be empty of columns, and is the built-in declaration then', () => {
    expect(declared('{"columns": []}')).toEqual(base)
  })

  test('may hold comments, commas before a closing bracket and a byte order mark', () => {
    const text = `\uFEFF// mine
{
  "$schema": "https://example.org/schema.json",
  "columns": [
    { "name": "a", "type": "int", }, /* later:
    { "name": "b", "type": "int" } */
  ],
}
`
    expect(declared(text).columns.at(-1)).toEqual({ name: 'a', type: 'int' })
  })

  test('may name nested types in the declared form', () => {
    const type = {
      type: 'struct',
      fields: [
        { name: 'id', type: 'long', required: true, doc: 'Its id.' },
        { name: 'tags', type: { type: 'list', element: 'string', elementRequired: true } },
        { name: 'counts', type: { type: 'map', key: 'string', value: 'int', valueRequired: false } },
        { name: 'model', type: 'string', from: '/deep/model', renamedFrom: 'old_model' },
      ],
    }
    expect(declared(JSON.stringify({ columns: [{ name: 'a', type }] })).columns.at(-1)).toEqual({ name: 'a', type })
  })

  test('may repeat what is built in, so that it can be read by itself', () => {
    const { columns: _, ...repeated } = base
    expect(declared(JSON.stringify({ ...repeated, columns: [] }))).toEqual(base)
  })

  test('extends an earlier release as that release was', () => {
    const text = '{"columns": [{"name": "mine", "type": "date"}]}'
    expect(declared(text, builtinDeclaration(5)).columns).toHaveLength(builtinDeclaration(5).columns.length + 1)
  })
})

describe('mistakes in the user’s file', () => {
  test('are told all at once, in the order of the file, each with line, column and path', () => {
    const text = `{
  // five mistakes
  "columns": [
    { "name": "cost", "type": "varchar" },
    { "name": "session_id", "type": "string" },
    { "name": "team", "type": "string", "required": true },
    { "nmae": "shift", "name": "shift", "type": "int", "from": "message.shift" }
  ]
}
`
    const found = mistakes(text)
    expect(found.map(({ line, column, path: at, code }) => [line, column, at, code])).toEqual([
      [4, 31, '/columns/0/type', 'unknown-type'],
      [5, 15, '/columns/1/name', 'builtin-name'],
      [6, 53, '/columns/2/required', 'required-column'],
      [7, 7, '/columns/3/nmae', 'unknown-key'],
      [7, 64, '/columns/3/from', 'bad-pointer'],
    ])
    expect(found.map(({ hint }) => hint)).toEqual([
      'Use "string".',
      'Built-in columns need no entry; choose another name.',
      'Leave `required` out; rows without a value read as null.',
      'Did you mean `name`?',
      'It starts with a slash: did you mean "/message/shift"?',
    ])
    for (const { message } of found) expect(message).toMatch(/^.+[.]$/)
  })

  test('give no declaration, even where other columns are sound', () => {
    const text = '{"columns": [{"name": "a", "type": "int"}, {"name": "b", "type": "nope"}]}'
    expect(readDeclarationFile({ text, path, base, table: base.table })).not.toHaveProperty('declaration')
  })

  test('are counted in lines whatever ends them', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(places(['{', '"columns": [', '  5', ']}'].join(end))).toEqual(['3:3 /columns/0 wrong-kind'])
    }
  })

  test('of syntax stand beside the others, and cause none of those', () => {
    const text = `{
  "columns": [
    { "name": "a", "type": "nope" },
    { "name": "b" "type": "int" },
    { "name": 'c', "type": "int" },
    { "name": "d", "type": "nope" }
    { "name": 'e' }
  ]
}`
    expect(places(text)).toEqual([
      '3:28 /columns/0/type unknown-type',
      '4:19  syntax',
      '5:15  syntax',
      '6:28 /columns/3/type unknown-type',
      '7:5  syntax',
      '7:15  syntax',
    ])
  })

  test.each([
    ['', '1:1  syntax', 'The file is empty.'],
    ['{"columns": [}', '1:14  syntax', 'A value is missing here.'],
    ['{"columns": []', '1:15  syntax', 'A closing `}` is missing.'],
    ['{"columns": [', '1:14  syntax', 'A closing `]` is missing.'],
    ['{"columns": [],', '1:16  syntax', 'The file ends inside an object.'],
    ['{"columns": []} {}', '1:17  syntax', 'Nothing may follow the end of the object, but `{` does.'],
    ['{"columns" []}', '1:12  syntax', 'A `:` is missing before this.'],
    ["{'columns': []}", '1:2  syntax', "`'columns'` is not JSON."],
    ['{"columns": [{"name": "a\n", "type": "int"}]}', '1:23  syntax', 'This text is not closed.'],
    ['{"columns": []} /* open', '1:17  syntax', 'This comment is not closed.'],
    ['{"columns": [{"doc": "\\x"}]}', '1:22  syntax', 'This text has a `\\` before a character that needs none.'],
    [
      '{"columns": [{"doc": "\\u12"}]}',
      '1:22  syntax',
      'This text has a `\\u` without four hexadecimal digits behind it.',
    ],
    ['{"columns": [{"doc": "\u0001"}]}', '1:22  syntax', 'This text holds a control character.'],
  ])('of syntax are told in words: %j', (text, place, message) => {
    expect(places(text)[0]).toBe(place)
    expect(mistakes(text)[0]?.message).toBe(message)
    expect(mistakes(text).filter(({ code }) => code !== 'syntax')).toEqual([])
  })

  test('of syntax are not blown up by what comes after: a bracket left open is one or two mistakes', () => {
    const text = `{
  "columns": [
    { "name": "a", "type": "int",
    { "name": "b", "type": "int" },
    { "name": "c", "type": "int" }
  ]
}`
    expect(mistakes(text).length).toBeLessThanOrEqual(2)
    expect(mistakes(text)[0]).toMatchObject({ line: 4, code: 'syntax' })
  })

  test('in the whole: what is no object, has no columns, or columns that are no array', () => {
    expect(places('[]')).toEqual(['1:1  wrong-kind'])
    expect(places('"text"')).toEqual(['1:1  wrong-kind'])
    expect(places('null')).toEqual(['1:1  wrong-kind'])
    expect(places('{}')).toEqual(['1:1  missing-key'])
    expect(places('{"columns": {"a": "int"}}')).toEqual(['1:13 /columns wrong-kind'])
  })

  test('in a key are told with the key that was meant', () => {
    const hintOf = (key: string): string | undefined =>
      mistakes(JSON.stringify({ columns: [{ name: 'a', type: 'int', [key]: 'x' }] }))[0]?.hint
    expect(hintOf('form')).toBe('Did you mean `from`?')
    expect(hintOf('Doc')).toBe('Did you mean `doc`?')
    expect(hintOf('renamed_from')).toBe('Did you mean `renamedFrom`?')
    expect(hintOf('description')).toBe('Did you mean `doc`?')
    expect(hintOf('since')).toContain('release of a built-in column')
    expect(hintOf('default')).toContain('no defaults')
    expect(hintOf('wholly_unlike')).toBe(
      'Its keys are `name`, `type`, `required`, `doc`, `from`, `renamedFrom`, `illTypedValues`.',
    )
    expect(hintOf('__proto__')).toContain('Its keys are')
    expect(mistakes('{"colums": []}').map(({ hint }) => hint)).toContain('Did you mean `columns`?')
  })

  test('are told for every unknown key of an object, and for a key that stands twice', () => {
    expect(places('{"columns": [{"name": "a", "type": "int", "x1": 1, "__proto__": 2, "x3": 3}]}')).toEqual([
      '1:43 /columns/0/x1 unknown-key',
      '1:52 /columns/0/__proto__ unknown-key',
      '1:68 /columns/0/x3 unknown-key',
    ])
    expect(places('{"columns": [{"name": "a", "type": "int", "name": "b"}]}')).toEqual([
      '1:43 /columns/0/name duplicate-key',
    ])
  })

  test('are told where a column is no object, and where its keys are missing or of another kind', () => {
    expect(places('{"columns": ["a", {}]}')).toEqual([
      '1:14 /columns/0 wrong-kind',
      '1:19 /columns/1 missing-key',
      '1:19 /columns/1 missing-key',
    ])
    expect(
      places('{"columns": [{"name": 1, "type": 2, "required": "no", "doc": [], "from": null, "renamedFrom": {}}]}'),
    ).toEqual([
      '1:23 /columns/0/name wrong-kind',
      '1:34 /columns/0/type wrong-kind',
      '1:49 /columns/0/required wrong-kind',
      '1:62 /columns/0/doc wrong-kind',
      '1:74 /columns/0/from wrong-kind',
      '1:95 /columns/0/renamedFrom wrong-kind',
    ])
  })

  test('are told where the file sets what only the built-in declaration sets, with the way to get it', () => {
    const text = JSON.stringify({
      table: 'other',
      release: 6,
      identifier: ['part_id'],
      partitionBy: [],
      sortBy: ['part_id'],
      columns: [],
    })
    const found = mistakes(text)
    expect(found.map(({ code, path: at }) => [code, at])).toEqual(
      ['table', 'release', 'identifier', 'partitionBy', 'sortBy'].map(key => ['not-extensible', `/${key}`]),
    )
    for (const { message, hint } of found) {
      expect(message).toContain(path)
      expect(hint).toMatch(/^Leave it out\. /)
    }
    expect(found[1]?.hint).toContain('--as-release')
  })

  test('escape the path as RFC 6901 has it', () => {
    expect(places('{"columns": [], "a/b~c": 1}')).toEqual(['1:17 /a~1b~0c unknown-key'])
  })

  test('never are an exception, whatever the file holds', () => {
    expect(places('['.repeat(200_000))[0]).toContain('syntax')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map(json => json.slice(0, -1)),
        ),
        text => {
          expect(readDeclarationFile({ text, path, base, table: base.table })).toHaveProperty('mistakes')
        },
      ),
    )
    const key = fc.constantFrom('name', 'type', 'required', 'doc', 'from', 'renamedFrom', 'fields', 'element')
    const column = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.constantFrom('a', 'int', 'struct', 'list', '/x')))
    fc.assert(
      fc.property(fc.array(column), columns => {
        const text = JSON.stringify({ columns })
        const result = readDeclarationFile({ text, path, base, table: base.table })
        if ('mistakes' in result) expect(result.mistakes.length).toBeGreaterThan(0)
        else expect(result.declaration.columns).toHaveLength(base.columns.length + columns.length)
      }),
    )
  })
})

describe('mistakes for a person', () => {
  const found = mistakes('{\n  "columns": [{"name": "a", "type": "text"}, 5]}')

  test('are lines with file, line and column in front and the way out below', () => {
    expect(formatMistakes(found)).toEqual([
      'schema/ai_gateway_messages.json:2:37  /columns/0/type  "text" is not an Iceberg type.',
      '    hint: Use "string".',
      'schema/ai_gateway_messages.json:2:46  /columns/1  A column is an object, not a number.',
      '    hint: Write {"name": …, "type": …}.',
    ])
    expect(formatMistakes(mistakes('[]'))[0]).toBe(
      'schema/ai_gateway_messages.json:1:1  The file holds an array in place of an object.',
    )
  })

  test('are one error with all of them in its details', () => {
    const error = declarationInvalid(found)
    expect(error.code).toBe('DECLARATION_INVALID')
    expect(error.message).toBe('schema/ai_gateway_messages.json has 2 mistakes; line 2: "text" is not an Iceberg type.')
    expect(error.details).toEqual({ file: path, mistakes: found })
    expect(declarationInvalid(found.slice(1)).message).toContain('has 1 mistake; line 2')
  })
})
