import type { Field, StructType, Type } from './types.ts'

/** One element of a schema that owns an id: a struct field, list element, map key or map value. */
export interface IndexedField {
  readonly id: number
  /** The full name, e.g. `locations.value.lat`; a dot inside a name is literal. */
  readonly path: string
  readonly name: string
  readonly required: boolean
  readonly type: Type
  readonly parent: IndexedField | undefined
  readonly role: 'field' | 'element' | 'key' | 'value'
  readonly field: Field | undefined
}

export function isNested(type: Type): type is Exclude<Type, string> {
  return typeof type !== 'string'
}

/** Every id-owning element below a struct, parents before children, in schema order. */
export function walkFields(struct: StructType, parent?: IndexedField): IndexedField[] {
  const found: IndexedField[] = []
  const prefix = parent === undefined ? '' : `${parent.path}.`
  for (const field of struct.fields) {
    visit({
      id: field.id,
      path: `${prefix}${field.name}`,
      name: field.name,
      required: field.required,
      type: field.type,
      parent,
      role: 'field',
      field,
    })
  }
  return found

  function visit(node: IndexedField): void {
    found.push(node)
    const { type } = node
    if (!isNested(type)) return
    if (type.type === 'struct') {
      found.push(...walkFields(type, node))
    } else if (type.type === 'list') {
      visit({
        id: type['element-id'],
        path: `${node.path}.element`,
        name: 'element',
        required: type['element-required'],
        type: type.element,
        parent: node,
        role: 'element',
        field: undefined,
      })
    } else {
      visit({
        id: type['key-id'],
        path: `${node.path}.key`,
        name: 'key',
        required: true,
        type: type.key,
        parent: node,
        role: 'key',
        field: undefined,
      })
      visit({
        id: type['value-id'],
        path: `${node.path}.value`,
        name: 'value',
        required: type['value-required'],
        type: type.value,
        parent: node,
        role: 'value',
        field: undefined,
      })
    }
  }
}

export function indexById(struct: StructType): ReadonlyMap<number, IndexedField> {
  return new Map(walkFields(struct).map(node => [node.id, node]))
}

/** The highest id any element of the schema owns; 0 for an empty schema. */
export function highestFieldId(struct: StructType): number {
  // Asked of every schema a table ever had, so without an index of its paths.
  return struct.fields.reduce((highest, { id, type }) => Math.max(highest, id, highestIdIn(type)), 0)
}

function highestIdIn(type: Type): number {
  if (typeof type === 'string') return 0
  if (type.type === 'struct') return highestFieldId(type)
  if (type.type === 'list') return Math.max(type['element-id'], highestIdIn(type.element))
  return Math.max(type['key-id'], type['value-id'], highestIdIn(type.key), highestIdIn(type.value))
}
