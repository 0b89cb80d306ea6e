import { describe, expect, test } from 'vitest'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'
import { type Mistake, readDeclarationFile } from '../../src/schema/declaration-file.ts'

const base = builtinDeclaration(9)

function mistakesIn(columns: readonly unknown[], on: Declaration = base): readonly Mistake[] {
  const result = readDeclarationFile({
    text: JSON.stringify({ columns }),
    path: 'schema/t.json',
    base: on,
    table: on.table,
  })
  return 'mistakes' in result ? result.mistakes : []
}

const codes = (columns: readonly unknown[], on?: Declaration): string[] =>
  mistakesIn(columns, on).map(({ code, path }) => `${path.replace('/columns', '')} ${code}`)
const named = (...names: readonly unknown[]): unknown[] => names.map(name => ({ name, type: 'int' }))
const typed = (type: unknown): readonly Mistake[] => mistakesIn([{ name: 'a', type }])
const typeCodes = (type: unknown): string[] => typed(type).map(({ code, path }) => `${path.slice(15)} ${code}`)

describe('the name of a user’s column', () => {
  test('is a text without white space around it and without control characters', () => {
    for (const name of ['', ' ', ' a', 'a ', 'a\t', '\u00A0a', 'a\u0000b', 'a\nb', 'a\u0085b', 'a\uD800']) {
      expect(codes(named(name)), JSON.stringify(name)).toEqual(['/0/name bad-name'])
    }
    expect(mistakesIn(named(' a '))[0]?.hint).toBe('Write "a".')
    expect(mistakesIn(named(' '))[0]?.hint).toBeUndefined()
  })

  test('may hold anything else: spaces, dots, any script', () => {
    expect(codes(named('a b', 'a.b', 'größe', '名前', '9x', '☃', '-'))).toEqual([])
  })

  test('is none that Iceberg keeps for metadata columns, in whatever case', () => {
    const reserved = [
      '_file',
      '_pos',
      '_deleted',
      '_spec_id',
      '_partition',
      'file_path',
      'pos',
      'row',
      '_change_type',
      '_change_ordinal',
      '_commit_snapshot_id',
      '_row_id',
      '_last_updated_sequence_number',
    ]
    expect(codes(named(...reserved))).toEqual(reserved.map((_, index) => `/${index}/name reserved-name`))
    expect(codes(named('_FILE'))).toEqual(['/0/name reserved-name'])
  })

  test('is none of a built-in column, also not in another case', () => {
    const [same, other] = mistakesIn(named('model', 'Model'))
    expect(same).toMatchObject({ code: 'builtin-name', message: '"model" is a built-in column.' })
    expect(other?.message).toContain('differs from "model" only by case')
    expect(mistakesIn(named('GIT_BRANCH'))[0]?.message).toContain('the built-in column "git_branch" only by case')
  })

  test('may be one of a later release while an earlier one is run', () => {
    expect(codes(named('runtime_key'), builtinDeclaration(7))).toEqual([])
    expect(codes(named('runtime_key'), builtinDeclaration(8))).toEqual(['/0/name builtin-name'])
  })

  test('is none of a partition field of the table', () => {
    expect(codes(named('session_id_bucket_16'))).toEqual(['/0/name partition-name'])
    expect(codes(named('session_id_bucket_16'), builtinDeclaration(5))).toEqual([])
    expect(codes(named('conversation_id_bucket_16'), builtinDeclaration(5))).toEqual(['/0/name partition-name'])
    const other = (transform: string): Declaration => ({ ...base, partitionBy: [{ column: 'date', transform }] })
    expect(codes(named('date_trunc_7'), other('truncate[7]'))).toEqual(['/0/name partition-name'])
    expect(codes(named('date_day'), other('day'))).toEqual(['/0/name partition-name'])
    expect(codes(named('date_void'), other('void'))).toEqual(['/0/name partition-name'])
    expect(codes(named('date_identity', 'identity'), other('identity'))).toEqual([])
  })

  test('stands once, and not a second time in another case', () => {
    expect(codes(named('a', 'b', 'a', 'A'))).toEqual(['/2/name duplicate-name', '/3/name duplicate-name'])
    expect(mistakesIn(named('a', 'a'))[0]?.message).toBe('A column "a" is declared already.')
    expect(mistakesIn(named('a', 'A'))[0]?.message).toBe('"A" differs from "a" only by case.')
  })

  test('is not the dotted name of a field inside another column, which the format forbids', () => {
    const struct = { name: 'a', type: { type: 'struct', fields: [{ name: 'b', type: 'int' }] } }
    expect(codes([struct, ...named('a.b')])).toEqual(['/1/name duplicate-name'])
    expect(codes([...named('a.b'), struct])).toEqual(['/1/name duplicate-name'])
    expect(codes([struct, ...named('a.c', 'b')])).toEqual([])
    const list = { name: 'l', type: { type: 'list', element: 'int' } }
    expect(codes([list, ...named('l.element')])).toEqual(['/1/name duplicate-name'])
    const map = { name: 'm', type: { type: 'map', key: 'string', value: 'int' } }
    expect(codes([map, ...named('m.key', 'm.value', 'm.x')])).toEqual([
      '/1/name duplicate-name',
      '/2/name duplicate-name',
    ])
  })

  test('gives each finding of one name, not only the first', () => {
    expect(codes(named('row', 'ROW'))).toEqual([
      '/0/name reserved-name',
      '/1/name duplicate-name',
      '/1/name reserved-name',
    ])
  })
})

describe('the type of a user’s column', () => {
  test('is any type of Iceberg version 2', () => {
    for (const type of [
      'boolean',
      'int',
      'long',
      'float',
      'double',
      'decimal(38,38)',
      'date',
      'time',
      'timestamp',
      'timestamptz',
      'string',
      'uuid',
      'fixed[1]',
      'binary',
    ]) {
      expect(typeCodes(type), type).toEqual([])
    }
  })

  test('is none of version 3, which is said with what to use in its place', () => {
    for (const type of [
      'timestamp_ns',
      'timestamptz_ns',
      'variant',
      'unknown',
      'geometry',
      'geometry(srid:4326)',
      'geography(srid:4326, karney)',
      'VARIANT',
    ]) {
      expect(typeCodes(type), type).toEqual([' v3-type'])
      expect(typed(type)[0]?.message).toContain('version 3')
    }
    expect(typed('variant')[0]?.hint).toContain('"string"')
    expect(typed('timestamptz_ns')[0]?.hint).toContain('"timestamptz"')
  })

  test('is told by its Iceberg name where it goes by another', () => {
    const hints: Record<string, string> = {
      varchar: 'Use "string".',
      'varchar(255)': 'Use "string".',
      TEXT: 'Use "string".',
      integer: 'Use "int".',
      bigint: 'Use "long".',
      bool: 'Use "boolean".',
      json: 'Use "string", which takes any JSON value as JSON text.',
      String: 'Did you mean "string"?',
      strng: 'Did you mean "string"?',
      timestampz: 'Use "timestamptz".',
      decimal: 'Use "decimal(38,9)".',
      'decimal(39,2)': 'decimal(P,S): P digits, 1 to 38, of which S after the point.',
      'decimal(5,6)': 'decimal(P,S): P digits, 1 to 38, of which S after the point.',
      'fixed[0]': 'fixed[L]: L bytes, at least 1.',
      list: 'Write {"type": "list", "element": …}.',
      'map<string,int>': 'The types are',
      constructor: 'The types are',
      '': 'The types are',
    }
    for (const [type, hint] of Object.entries(hints)) {
      expect(typeCodes(type), type).toEqual([' unknown-type'])
      expect(typed(type)[0]?.hint, type).toContain(hint)
    }
  })

  test('is nested in the declared form, every part of which is checked', () => {
    expect(typeCodes({})).toEqual([' missing-key'])
    expect(typeCodes({ type: 'array', items: 'int' })).toEqual(['/type unknown-type'])
    expect(typed({ type: 'array' })[0]?.hint).toContain('"list"')
    expect(typed({ type: 'strcut' })[0]?.hint).toBe('Did you mean "struct"?')
    expect(typed({ type: 'long' })[0]?.hint).toBe('Write "type": "long".')
    expect(typeCodes({ type: 5 })).toEqual(['/type unknown-type'])

    expect(typeCodes({ type: 'struct' })).toEqual([' missing-key'])
    expect(typeCodes({ type: 'struct', fields: {} })).toEqual(['/fields wrong-kind'])
    expect(typeCodes({ type: 'struct', fields: [] })).toEqual(['/fields missing-key'])
    expect(typeCodes({ type: 'struct', fields: [{ name: '', type: 'nope' }, 5] })).toEqual([
      '/fields/0/name bad-name',
      '/fields/0/type unknown-type',
      '/fields/1 wrong-kind',
    ])

    expect(typeCodes({ type: 'list' })).toEqual([' missing-key'])
    expect(typeCodes({ type: 'list', element: 'nope', elementRequired: 1 })).toEqual([
      '/element unknown-type',
      '/elementRequired wrong-kind',
    ])
    expect(typed({ type: 'list', element: 'int', 'element-id': 3 })[0]?.hint).toContain('the table gives the ids')
    expect(typed({ type: 'list', element: 'int', 'element-required': true })[0]?.hint).toBe(
      'Did you mean `elementRequired`?',
    )

    expect(typeCodes({ type: 'map' })).toEqual([' missing-key', ' missing-key'])
    expect(typeCodes({ type: 'map', key: 'nope', value: 'variant' })).toEqual(['/key unknown-type', '/value v3-type'])
    expect(typeCodes({ type: 'map', key: { type: 'list', element: 'int' }, value: 'int' })).toEqual([
      '/key unknown-type',
    ])
  })

  test('has fields whose names stand once in their struct, and may be names of columns elsewhere', () => {
    const struct = (...names: string[]): unknown => ({
      type: 'struct',
      fields: names.map(name => ({ name, type: 'int' })),
    })
    expect(typeCodes(struct('x', 'X', 'x'))).toEqual(['/fields/1/name duplicate-name', '/fields/2/name duplicate-name'])
    expect(typeCodes(struct('model', 'row', 'session_id_bucket_16', 'a'))).toEqual([])
    expect(typed(struct('x', 'x'))[0]?.message).toBe('A field "x" is declared already.')
  })
})

describe('a required column of the user', () => {
  test('is refused with the reason, since the rows that are there have no value for it', () => {
    const [mistake, ...others] = mistakesIn([{ name: 'a', type: 'int', required: true }])
    expect(others).toEqual([])
    expect(mistake).toMatchObject({ code: 'required-column', path: '/columns/0/required' })
    expect(mistake?.message).toContain('stored already have no value')
    expect(mistake?.hint).toContain('Leave `required` out')
  })

  test('is refused also where the entry has other mistakes', () => {
    expect(codes([{ required: true }])).toEqual(['/0 missing-key', '/0 missing-key', '/0/required required-column'])
  })

  test('is another thing than a required field in an optional struct, which is allowed', () => {
    expect(
      codes([{ name: 'a', type: { type: 'struct', fields: [{ name: 'b', type: 'int', required: true }] } }]),
    ).toEqual([])
  })
})

describe('where a user’s column comes from', () => {
  const from = (pointer: string): readonly Mistake[] => mistakesIn([{ name: 'a', type: 'int', from: pointer }])

  test('is a JSON Pointer', () => {
    for (const pointer of ['', '/', '/message/stop_reason', '/a~1b/m~0n/0']) expect(from(pointer)).toEqual([])
  })

  test('is shown how to be one where it is not', () => {
    const hints: Record<string, string> = {
      stop_reason: '"/stop_reason"',
      'message.stop_reason': '"/message/stop_reason"',
      'message/stop_reason': '"/message/stop_reason"',
      '$.message.stop_reason': '"/message/stop_reason"',
      '#/message/stop_reason': '"/message/stop_reason"',
      '/a~b': 'After a `~` comes `0`',
    }
    for (const [pointer, hint] of Object.entries(hints)) {
      expect(from(pointer), pointer).toMatchObject([{ code: 'bad-pointer', path: '/columns/0/from' }])
      expect(from(pointer)[0]?.hint, pointer).toContain(hint)
    }
  })
})

describe('a rename of a user’s column', () => {
  const renamed = (name: string, renamedFrom: string): unknown => ({ name, type: 'int', renamedFrom })

  test('names the column it was', () => {
    expect(codes([renamed('body', 'content')])).toEqual([])
    expect(codes([renamed('Body', 'body')])).toEqual([])
  })

  test('is refused from itself, from a built-in column, and from a column that is still declared', () => {
    expect(codes([renamed('a', 'a')])).toEqual(['/0/renamedFrom bad-rename'])
    expect(codes([renamed('a', 'model')])).toEqual(['/0/renamedFrom bad-rename'])
    expect(codes([renamed('a', 'b'), ...named('b')])).toEqual(['/0/renamedFrom bad-rename'])
    expect(codes([renamed('a', 'b'), renamed('b', 'a')])).toEqual([
      '/0/renamedFrom bad-rename',
      '/1/renamedFrom bad-rename',
    ])
  })

  test('is refused where one column would become two', () => {
    expect(codes([renamed('a', 'old'), renamed('b', 'old')])).toEqual(['/1/renamedFrom bad-rename'])
    expect(mistakesIn([renamed('a', 'old'), renamed('b', 'old')])[0]?.message).toContain('renamed to "a" already')
  })
})
