import { expect } from 'vitest'
import { IcebergError } from '../../src/iceberg/errors.ts'
import { currentSchema } from '../../src/iceberg/ids.ts'
import { walkFields } from '../../src/iceberg/schema-index.ts'
import type { Field, Schema, TableMetadata } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration } from '../../src/schema/declaration.ts'
import { committed, planned } from '../schema/declaring.ts'

/*
 * Changes of columns at any place, of a schema and of a declaration alike, and
 * what is said to them.
 */

/** A field of a schema, or of a declaration: what both have. */
interface AnyField {
  readonly name: string
  readonly type: unknown
}

type AnyType =
  | string
  | {
      readonly type: string
      readonly fields?: readonly AnyField[]
      readonly element?: AnyType
      readonly key?: AnyType
      readonly value?: AnyType
    }

/** A change of a type as a whole; the top is a struct. */
export type Edit = (top: AnyType) => AnyType

function at(type: AnyType, way: readonly string[], edit: (type: AnyType) => AnyType): AnyType {
  const [step, ...rest] = way
  if (step === undefined) return edit(type)
  if (typeof type === 'string') throw new Error(`${type} has no ${step}`)
  if (type.fields !== undefined) {
    if (!type.fields.some(({ name }) => name === step)) throw new Error(`there is no ${step}`)
    return {
      ...type,
      fields: type.fields.map(field =>
        field.name === step ? { ...field, type: at(field.type as AnyType, rest, edit) } : field,
      ),
    }
  }
  return { ...type, [step]: at(type[step as 'element'] as AnyType, rest, edit) }
}

function steps(path: string): string[] {
  return path === '' ? [] : path.split('.')
}

/** Adds fields behind those of a struct; '' is the top. */
export function add(path: string, ...fields: readonly (Field | ColumnDeclaration)[]): Edit {
  return top => at(top, steps(path), type => fieldsOf(type, before => [...before, ...fields]))
}

export function drop(path: string): Edit {
  return inParent(path, (fields, name) => fields.filter(field => field.name !== name))
}

/** Changes members of a field: its name, type, requiredness, sentence, default. */
export function change(path: string, by: Readonly<Record<string, unknown>>): Edit {
  return inParent(path, (fields, name) => fields.map(field => (field.name === name ? { ...field, ...by } : field)))
}

/** Puts another type in the place of one, be it a field's, an element's, a key's or a value's. */
export function retype(path: string, type: unknown): Edit {
  return top => at(top, steps(path), () => type as AnyType)
}

/** Changes members of a list or map itself, e.g. whether its element is required. */
export function nested(path: string, by: Readonly<Record<string, unknown>>): Edit {
  return top => at(top, steps(path), type => ({ ...(type as object), ...by }) as AnyType)
}

/** The order of the fields of a struct, by name. */
export function order(path: string, ...names: readonly string[]): Edit {
  const place = ({ name }: AnyField): number => names.indexOf(name)
  return top => at(top, steps(path), type => fieldsOf(type, fields => fields.toSorted((a, b) => place(a) - place(b))))
}

function inParent(path: string, edit: (fields: readonly AnyField[], name: string) => readonly AnyField[]): Edit {
  const way = steps(path)
  const name = way.pop() as string
  return top =>
    at(top, way, type =>
      fieldsOf(type, fields => {
        if (!fields.some(field => field.name === name)) throw new Error(`there is no ${path}`)
        return edit(fields, name)
      }),
    )
}

function fieldsOf(type: AnyType, edit: (fields: readonly AnyField[]) => readonly AnyField[]): AnyType {
  if (typeof type === 'string' || type.fields === undefined) throw new Error('not a struct')
  return { ...type, fields: edit(type.fields) }
}

export function editSchema(schema: Schema, ...edits: readonly Edit[]): Schema {
  return edits.reduce<AnyType>((type, edit) => edit(type), schema as AnyType) as unknown as Schema
}

export function editDeclaration(declaration: Declaration, ...edits: readonly Edit[]): Declaration {
  const { fields } = edits.reduce<AnyType>((type, edit) => edit(type), {
    type: 'struct',
    fields: declaration.columns,
  }) as { fields: Declaration['columns'] }
  return { ...declaration, columns: fields }
}

/** The table after a commit that makes an edited schema current. */
export function withSchema(metadata: TableMetadata, ...edits: readonly Edit[]): TableMetadata {
  return asSchema(metadata, editSchema(currentSchema(metadata), ...edits))
}

export function asSchema(metadata: TableMetadata, schema: Schema): TableMetadata {
  return committed(metadata, { action: 'add-schema', schema }, { action: 'set-current-schema', 'schema-id': -1 })
}

/** Why updates are illegal, as one sentence; undefined where they are legal. */
export function whyIllegal(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (error instanceof IcebergError && error.code === 'UPDATE_ILLEGAL') return error.message
    throw error
  }
  return undefined
}

/** Expects that updates are refused, for these reasons. */
export function expectIllegal(run: () => unknown, ...reasons: readonly string[]): void {
  const message = whyIllegal(run)
  expect(message).toBeDefined()
  for (const reason of reasons) expect(message).toContain(reason)
}

/** `CODE path` of every change that a plan holds. */
export function told(declaration: Declaration, metadata: TableMetadata): string[] {
  return planned(declaration, metadata).changes.map(({ code, path }) => `${code} ${path}`)
}

/** Expects that a declaration is refused, for these reasons and no other. */
export function expectRefused(declaration: Declaration, metadata: TableMetadata, ...reasons: readonly string[]): void {
  const { action, changes } = planned(declaration, metadata)
  expect(action).toBe('refuse')
  expect(changes.filter(({ kind }) => kind === 'breaking').map(({ code, path }) => `${code} ${path}`)).toEqual(reasons)
}

/** Ids by full name in the current schema. */
export function idsOf(metadata: TableMetadata): Readonly<Record<string, number>> {
  return Object.fromEntries(walkFields(currentSchema(metadata)).map(({ path, id }) => [path, id]))
}

/** Ids of paths that a table has and another has not. */
export function newIds(after: TableMetadata, before: TableMetadata): Readonly<Record<string, number>> {
  const old = new Set(Object.values(idsOf(before)))
  return Object.fromEntries(Object.entries(idsOf(after)).filter(([, id]) => !old.has(id)))
}
