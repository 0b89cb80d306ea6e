import { describe, expect, test } from 'vitest'
import { HypError } from '../../src/errors.ts'
import { parsePrimitive } from '../../src/iceberg/primitive.ts'
import { earlierForms } from '../../src/schema/builtin/earlier-forms.ts'
import {
  builtinColumns,
  builtinDeclaration,
  builtinHistory,
  builtinReleases,
  newestRelease,
} from '../../src/schema/builtin.ts'
import type { Declaration } from '../../src/schema/declaration.ts'

const names = (declaration: Declaration): string[] => declaration.columns.map(column => column.name)
const column = (declaration: Declaration, name: string) => declaration.columns.find(found => found.name === name)
const addedIn = (release: number): string[] =>
  names(builtinDeclaration(release)).filter(name => !names(builtinDeclaration(release - 1)).includes(name))

describe('the built-in history', () => {
  test('has the releases 4 to 9, the newest last', () => {
    expect(builtinReleases).toEqual([4, 5, 6, 7, 8, 9])
    expect(newestRelease).toBe(9)
  })

  test('refuses a release it does not know and names those it does', () => {
    for (const release of [3, 10, 4.5, Number.NaN]) {
      const refused = expectRefusal(() => builtinDeclaration(release))
      expect(refused.code).toBe('USAGE')
      expect(refused.message).toContain(String(release))
      expect(refused.hint).toContain('4, 5, 6, 7, 8, 9')
    }
  })

  test('adds to each release what came with it and nothing else', () => {
    expect(addedIn(5)).toEqual(['agent_id', 'parent_thread_id'])
    expect(addedIn(6)).toEqual(['session_id'])
    expect(addedIn(7)).toEqual(['git_remote', 'head_sha', 'repo_root'])
    expect(addedIn(8)).toEqual(['runtime_key', 'inference_id'])
    expect(addedIn(9)).toEqual([
      'input_tokens',
      'output_tokens',
      'cache_creation_input_tokens',
      'cache_read_input_tokens',
    ])
  })

  test('puts the repository columns of release 7 into the middle of the list', () => {
    const found = names(builtinDeclaration(7))
    expect(found.slice(found.indexOf('git_branch'), found.indexOf('client_version') + 1)).toEqual([
      'git_branch',
      'git_remote',
      'head_sha',
      'repo_root',
      'client_version',
    ])
  })

  test('keeps the order of the columns that two releases share', () => {
    for (const release of builtinReleases.slice(1)) {
      const before = names(builtinDeclaration(release - 1))
      expect(names(builtinDeclaration(release)).filter(name => before.includes(name))).toEqual(before)
    }
  })

  test('has 56 columns in release 7, as the table in the field', () => {
    expect(builtinDeclaration(7).columns).toHaveLength(56)
  })

  test('requires the same 13 columns since release 6', () => {
    for (const release of [6, 7, 8, 9]) {
      expect(
        builtinDeclaration(release)
          .columns.filter(found => found.required === true)
          .map(found => found.name),
      ).toEqual([
        'gateway_id',
        'schema_version',
        'session_id',
        'provider',
        'conversation_started_at',
        'message_id',
        'message_index',
        'message_created_at',
        'role',
        'part_id',
        'part_index',
        'part_type',
        'date',
      ])
    }
  })

  test('has conversation_id as the required key until release 5 and as an optional thread from 6 on', () => {
    for (const release of [4, 5]) {
      const declaration = builtinDeclaration(release)
      expect(column(declaration, 'conversation_id')?.required).toBe(true)
      expect(declaration.identifier).toEqual(['conversation_id', 'part_id'])
      expect(declaration.partitionBy).toEqual([{ column: 'conversation_id', transform: 'bucket[16]' }])
      expect(declaration.sortBy).toEqual(['conversation_id', 'message_created_at', 'part_index'])
    }
    for (const release of [6, 7, 8, 9]) {
      const declaration = builtinDeclaration(release)
      expect(column(declaration, 'conversation_id')?.required).toBeUndefined()
      expect(declaration.identifier).toEqual(['session_id', 'part_id'])
      expect(declaration.partitionBy).toEqual([{ column: 'session_id', transform: 'bucket[16]' }])
      expect(declaration.sortBy).toEqual(['session_id', 'message_created_at', 'part_index'])
    }
  })

  test('has a row key that a table accepts: declared, required columns', () => {
    for (const declaration of builtinHistory()) {
      for (const name of declaration.identifier) expect(column(declaration, name)?.required).toBe(true)
    }
  })

  test('has only types of Iceberg version 2 and each name once', () => {
    for (const { name, type } of builtinColumns) expect(parsePrimitive(type), `${name}: ${type}`).toBeDefined()
    expect(new Set(builtinColumns.map(({ name }) => name.toLowerCase())).size).toBe(builtinColumns.length)
  })

  test('says of every column in one sentence what it means', () => {
    for (const declaration of builtinHistory()) {
      for (const { name, doc = '' } of declaration.columns) {
        expect(doc.length, name).toBeGreaterThan(20)
        expect(doc, name).toMatch(/^\p{Lu}.*\.$/u)
        expect(doc, `${name} has one sentence`).not.toMatch(/(?<!e\.g)[.!?] \p{Lu}/u)
      }
    }
  })

  test('explains a column only by columns of the same release', () => {
    const all = new Set(builtinColumns.map(({ name }) => name))
    for (const declaration of builtinHistory()) {
      const present = new Set(names(declaration))
      for (const { name, doc = '' } of declaration.columns) {
        const mentioned = doc.match(/[a-z_]+/g)?.filter(word => word.includes('_') && all.has(word)) ?? []
        for (const other of mentioned)
          expect(present, `${name} in ${declaration.release} names ${other}`).toContain(other)
      }
    }
  })

  test('warns on every token count that it must not be summed over rows', () => {
    const counts = builtinColumns.filter(({ name }) => name.endsWith('_tokens'))
    expect(counts).toHaveLength(4)
    for (const { name, doc, type } of counts) {
      expect(type, name).toBe('long')
      expect(doc, name).toContain('never sum it over rows: read the view `usage`')
    }
  })

  test('has earlier forms only of columns that exist, each column’s in the order of releases', () => {
    for (const [index, form] of earlierForms.entries()) {
      const today = builtinColumns.find(({ name }) => name === form.column)
      expect(today, form.column).toBeDefined()
      expect(form.until).toBeGreaterThanOrEqual(today?.since ?? Number.POSITIVE_INFINITY)
      for (const later of earlierForms.slice(index + 1)) {
        if (later.column === form.column) expect(later.until).toBeGreaterThan(form.until)
      }
    }
  })
})

function expectRefusal(run: () => unknown): HypError {
  try {
    run()
  } catch (error) {
    if (error instanceof HypError) return error
    throw error
  }
  throw new Error('nothing was refused')
}
