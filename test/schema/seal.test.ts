import { describe, expect, test } from 'vitest'
import { builtinDeclaration, builtinHistory, builtinReleases } from '../../src/schema/builtin.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { fingerprint } from '../../src/schema/fingerprint.ts'
import { sealedFingerprint, sealedReleases } from '../../src/schema/seal/data.ts'
import { releaseStep } from '../../src/schema/seal/step.ts'
import { checkSeal, checkSealExtends } from '../../src/schema/seal.ts'

const history = builtinHistory()
const kinds = (findings: readonly { readonly kind: string; readonly release: number }[]): string[] =>
  findings.map(({ kind, release }) => `${kind} ${release}`)
const withRelease = (release: number, change: (declaration: Declaration) => Declaration): Declaration[] =>
  history.map(declaration => (declaration.release === release ? change(declaration) : declaration))
const withColumn = (name: string, change: Partial<ColumnDeclaration>) => (declaration: Declaration) => ({
  ...declaration,
  columns: declaration.columns.map(column => (column.name === name ? { ...column, ...change } : column)),
})
const step = (before: Declaration, after: Declaration) => checkSeal([], [before, after]).map(({ kind }) => kind)
const optional = (name: string): ColumnDeclaration => ({ name, type: 'string' })

describe('the seal', () => {
  test('covers every release and agrees with the code; if this fails, the finding says what to do', () => {
    expect(checkSeal(sealedReleases, history)).toEqual([])
    expect(sealedReleases.map(({ release }) => release)).toEqual(builtinReleases)
  })

  test('notices an edit of any part of any column of any release', () => {
    for (const declaration of history) {
      for (const column of declaration.columns) {
        const edits: Partial<ColumnDeclaration>[] = [
          { name: `${column.name}_` },
          { type: 'binary' },
          { required: column.required !== true },
          { doc: `${column.doc} ` },
        ]
        for (const edit of edits) {
          const edited = withColumn(column.name, edit)(declaration)
          const found = checkSeal(
            sealedReleases.filter(({ release }) => release === declaration.release),
            [edited],
          )
          expect(kinds(found), `${column.name} in ${declaration.release}`).toEqual([`edited ${declaration.release}`])
        }
      }
    }
  })

  test('notices a column that is put into, taken out of or moved within a release that is out', () => {
    const edits: ((declaration: Declaration) => Declaration)[] = [
      declaration => ({ ...declaration, columns: [...declaration.columns, optional('late')] }),
      declaration => ({ ...declaration, columns: declaration.columns.slice(0, -1) }),
      declaration => ({ ...declaration, columns: declaration.columns.toReversed() }),
      declaration => ({ ...declaration, sortBy: [] }),
    ]
    for (const edit of edits) expect(kinds(checkSeal(sealedReleases, withRelease(9, edit)))).toContain('edited 9')
  })

  test('notices a release that is gone, and says that it has to come back', () => {
    const [finding, ...others] = checkSeal(sealedReleases, history.slice(1))
    expect(others).toEqual([])
    expect(finding).toMatchObject({ kind: 'removed', release: 4 })
    expect(finding?.fix).toContain('Bring it back')
  })

  test('asks for a new release to be added, with the line to add', () => {
    const next: Declaration = { ...builtinDeclaration(9), release: 10 }
    const [finding, ...others] = checkSeal(sealedReleases, [...history, next])
    expect(others).toEqual([])
    expect(finding).toMatchObject({ kind: 'unsealed', release: 10 })
    expect(finding?.fix).toContain(`{ release: 10, fingerprint: '${fingerprint(next)}' }`)
  })

  test('tells all findings at once', () => {
    const edited = withRelease(7, withColumn('cwd', { doc: 'Other.' })).slice(1)
    expect(kinds(checkSeal(sealedReleases, edited))).toEqual(['removed 4', 'edited 7'])
  })

  test('has each release once, in order', () => {
    const [first, second] = sealedReleases
    if (first === undefined || second === undefined) throw new Error('the seal is empty')
    expect(kinds(checkSeal([second, first, ...sealedReleases.slice(2)], history))).toEqual(['disordered 4'])
    expect(kinds(checkSeal([first, ...sealedReleases], history))).toEqual(['disordered 4'])
  })

  test('may be extended against an earlier seal, and nothing else', () => {
    const next = { release: 10, fingerprint: 'new' }
    expect(checkSealExtends(sealedReleases, sealedReleases)).toEqual([])
    expect(checkSealExtends(sealedReleases, [...sealedReleases, next])).toEqual([])
    expect(checkSealExtends([], sealedReleases)).toEqual([])
    expect(kinds(checkSealExtends(sealedReleases, sealedReleases.slice(0, -1)))).toEqual(['removed 9'])
    const resealed = sealedReleases.map(entry => (entry.release === 6 ? { ...entry, fingerprint: 'other' } : entry))
    expect(kinds(checkSealExtends(sealedReleases, resealed))).toEqual(['edited 6'])
  })

  test('gives the fingerprint that a table of a release was stamped with', () => {
    expect(sealedFingerprint(6)).toBe(fingerprint(builtinDeclaration(6)))
    expect(sealedFingerprint(10)).toBeUndefined()
  })
})

describe('a release', () => {
  test('is either additive or breaking in the history we have: only 6 breaks, and adds nothing besides', () => {
    const steps = history.slice(1).map((after, index) => {
      const { additive, breaking } = releaseStep(history[index] as Declaration, after)
      return [after.release, additive.length > 0, breaking.length > 0]
    })
    expect(steps).toEqual([
      [5, true, false],
      [6, false, true],
      [7, true, false],
      [8, true, false],
      [9, true, false],
    ])
  })

  test('that adds a column and breaks another is found, with both halves named', () => {
    const before = builtinDeclaration(9)
    const after: Declaration = {
      ...withColumn('model', { type: 'binary' })(before),
      release: 10,
      columns: [...withColumn('model', { type: 'binary' })(before).columns, optional('extra')],
    }
    const mixed = checkSeal([], [before, after]).find(({ kind }) => kind === 'mixed')
    expect(mixed?.release).toBe(10)
    expect(mixed?.message).toContain('adds extra')
    expect(mixed?.message).toContain('changes the type of model')
  })

  test('that promotes a type is additive, whatever else is additive with it', () => {
    const before = builtinDeclaration(9)
    const promoted = withColumn('message_index', { type: 'long' })(before)
    const after = { ...promoted, release: 10, columns: [...promoted.columns, optional('extra')] }
    expect(releaseStep(before, after)).toEqual({ additive: ['promotes message_index', 'adds extra'], breaking: [] })
  })

  test('may relax a column, reword a doc and reorder beside either kind', () => {
    const before = builtinDeclaration(9)
    const neutral = withColumn('provider', { required: false, doc: 'Other.' })({
      ...before,
      release: 10,
      columns: before.columns.toReversed(),
      sortBy: ['session_id'],
    })
    expect(releaseStep(before, neutral)).toEqual({ additive: [], breaking: [] })
    expect(step(before, { ...neutral, columns: [...neutral.columns, optional('extra')] })).not.toContain('mixed')
    expect(step(before, { ...neutral, identifier: ['part_id'] })).not.toContain('mixed')
  })

  test('breaks by a drop, a tightening, a required column, another row key or other partitions', () => {
    const before = builtinDeclaration(9)
    const breaking: Declaration[] = [
      { ...before, columns: before.columns.slice(0, -1) },
      withColumn('model', { required: true })(before),
      { ...before, columns: [...before.columns, { ...optional('extra'), required: true }] },
      { ...before, identifier: ['session_id'] },
      { ...before, partitionBy: [] },
    ]
    for (const after of breaking) {
      const found = releaseStep(before, after)
      expect(found.breaking).toHaveLength(1)
      expect(found.additive).toEqual([])
    }
  })
})
