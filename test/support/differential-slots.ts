import type { Column, ColumnType } from './differential-declaration.ts'

/** Everything of a declaration that has a type: columns, members, elements, keys and values. */
export interface Slot {
  /** Full name, as plans spell it. */
  readonly path: string
  /** undefined for elements, keys and values. */
  readonly column: Column | undefined
  /** The columns it lies among; undefined for elements, keys and values. */
  readonly siblings: Column[] | undefined
  /** True for the key of a map and all that is in it. */
  readonly isInKey: boolean
  readonly type: ColumnType
  readonly setType: (type: ColumnType) => void
  /** Keys are always required. */
  readonly required: boolean
  readonly setRequired: ((required: boolean) => void) | undefined
}

/** All slots, parents before children. */
export function slotsOf(columns: Column[], parent = '', isInKey = false): Slot[] {
  return columns.flatMap(column =>
    withInner({
      path: `${parent}${column.name}`,
      column,
      siblings: columns,
      isInKey,
      type: column.type,
      setType: type => {
        column.type = type
      },
      required: column.required ?? false,
      setRequired: required => {
        column.required = required
      },
    }),
  )
}

function withInner(slot: Slot): Slot[] {
  const { type, path, isInKey } = slot
  if (typeof type === 'string') return [slot]
  if (type.type === 'struct') return [slot, ...slotsOf(type.fields, `${path}.`, isInKey)]
  const inner = { column: undefined, siblings: undefined }
  if (type.type === 'list') {
    const element: Slot = {
      ...inner,
      path: `${path}.element`,
      isInKey,
      type: type.element,
      setType: next => {
        type.element = next
      },
      required: type.elementRequired,
      setRequired: required => {
        type.elementRequired = required
      },
    }
    return [slot, ...withInner(element)]
  }
  const key: Slot = {
    ...inner,
    path: `${path}.key`,
    isInKey: true,
    type: type.key,
    setType: next => {
      type.key = next
    },
    required: true,
    setRequired: undefined,
  }
  const value: Slot = {
    ...inner,
    path: `${path}.value`,
    isInKey,
    type: type.value,
    setType: next => {
      type.value = next
    },
    required: type.valueRequired,
    setRequired: required => {
      type.valueRequired = required
    },
  }
  return [slot, ...withInner(key), ...withInner(value)]
}

/** The columns of a table and of every struct outside of keys, each in its order. */
export function structsOf(columns: Column[]): { readonly path: string; readonly fields: Column[] }[] {
  const nested = slotsOf(columns).flatMap(({ path, type, isInKey }) =>
    typeof type !== 'string' && type.type === 'struct' && !isInKey ? [{ path, fields: type.fields }] : [],
  )
  return [{ path: '', fields: columns }, ...nested]
}
