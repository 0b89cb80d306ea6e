import { IcebergError } from './errors.ts'
import { lastAssignedFieldId } from './ids.ts'
import { isPromotion, isV3Primitive, parsePrimitive, printType, sameJson, sameType } from './primitive.ts'
import { type IndexedField, indexById, isNested, walkFields } from './schema-index.ts'
import type { PartitionSpec, Schema, TableMetadata, Type } from './types.ts'

/** Field ids above this belong to metadata columns (spec "Reserved Field IDs"). */
export const highestAllowedFieldId = 2147483447

/** Names that engines expose as metadata columns (spec "Reserved Field IDs"). */
export const reservedColumnNames: ReadonlySet<string> = new Set([
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
])

/**
 * Checks that a schema is legal by itself in format version 2.
 * @param before the schema it follows: a default that other engines put there stays
 * @throws IcebergError UPDATE_ILLEGAL with every violation in one message, and as `details.violations`
 */
export function checkSchema(schema: Schema, before?: Schema): void {
  const known = before === undefined ? new Map<number, IndexedField>() : indexById(before)
  report([...structureViolations(schema, known), ...identifierViolations(schema)])
}

/**
 * Checks a schema that is to be added against the history of its table: an id
 * keeps its meaning and its place for ever, new ids are above all that were
 * ever issued, and keys of maps stay as they are. A column that is required
 * and new, or from now on, is not refused here: the same commit may bring files
 * in which it has a value, and only whoever stages the commit knows.
 */
export function checkSchemaAgainstTable(schema: Schema, metadata: TableMetadata): void {
  const current = metadata.schemas.find(candidate => candidate['schema-id'] === metadata['current-schema-id'])
  const older = new Map<number, IndexedField>()
  for (const past of metadata.schemas) for (const [id, node] of indexById(past)) older.set(id, node)
  if (current !== undefined) for (const [id, node] of indexById(current)) older.set(id, node)
  const now = indexById(schema)
  const last = lastAssignedFieldId(metadata)
  report([
    ...walkFields(schema).flatMap(node => {
      const before = older.get(node.id)
      return before === undefined ? newFieldViolations(node, older, last) : oldFieldViolations(node, before)
    }),
    ...walkFields(schema)
      .filter(node => takesPartitionName(node, older.get(node.id), metadata['partition-specs']))
      .map(node => `${node.path}: a partition field has this name`),
    ...walkFields(current ?? schema).flatMap(node => {
      const key = mapKeyOf(node)
      const lost = key !== undefined && !now.has(node.id) && now.has((key.parent as IndexedField).id)
      return lost ? [`${node.path}: cannot remove a part of a map key`] : []
    }),
  ])
}

function newFieldViolations(node: IndexedField, older: ReadonlyMap<number, IndexedField>, last: number): string[] {
  const violations: string[] = []
  if (node.id <= last)
    violations.push(
      `${node.path}: id ${node.id} is not above the last assigned id ${last} and was never a field of this table`,
    )
  const key = mapKeyOf(node)
  if (node.role !== 'field' && older.has((node.parent as IndexedField).id))
    violations.push(`${node.path}: cannot replace the ${node.role} of a ${node.role === 'element' ? 'list' : 'map'}`)
  else if (key !== undefined && older.has(key.id)) violations.push(`${node.path}: cannot add fields to map keys`)
  return violations
}

function oldFieldViolations(node: IndexedField, before: IndexedField): string[] {
  if (node.parent?.id !== before.parent?.id || node.role !== before.role)
    return [`${node.path}: cannot move a field from ${before.path}`]
  if (!keepsMeaning(before.type, node.type))
    return [`${node.path}: cannot promote field from ${printType(before.type)} to ${printType(node.type)}`]
  if (mapKeyOf(node) !== undefined && isPromotion(before.type, node.type))
    return [`${node.path}: cannot change a map key from ${printType(before.type)} to ${printType(node.type)}`]
  if (!sameJson(before.field?.['initial-default'] ?? null, node.field?.['initial-default'] ?? null))
    return [`${node.path}: cannot change initial-default, which rows that are stored are read with`]
  return []
}

/** A field that is new, or has a new full name, may have that of a partition field only where it is its identity. */
export function takesPartitionName(
  node: IndexedField,
  before: IndexedField | undefined,
  specs: readonly PartitionSpec[],
): boolean {
  if (before?.path === node.path) return false
  return specs
    .flatMap(spec => spec.fields)
    .some(
      field =>
        field.name === node.path &&
        !(field['source-id'] === node.id && (field.transform === 'identity' || field.transform === 'void')),
    )
}

/** The key of the map that an element belongs to; undefined outside of keys. */
function mapKeyOf(node: IndexedField): IndexedField | undefined {
  if (node.role === 'key') return node
  return node.parent === undefined ? undefined : mapKeyOf(node.parent)
}

function keepsMeaning(before: Type, now: Type): boolean {
  if (typeof before === 'string' && typeof now === 'string') return sameType(before, now) || isPromotion(before, now)
  return isNested(before) && isNested(now) && before.type === now.type
}

function structureViolations(schema: Schema, before: ReadonlyMap<number, IndexedField>): string[] {
  const violations: string[] = []
  const ids = new Map<number, string>()
  const names = new Map<string, string>()
  for (const node of walkFields(schema)) {
    const other = ids.get(node.id)
    if (other !== undefined) violations.push(`${node.path}: id ${node.id} belongs to ${other} already`)
    ids.set(node.id, node.path)
    if (names.has(node.path)) violations.push(`multiple fields for name ${node.path}`)
    names.set(node.path, node.path)
    if (!Number.isInteger(node.id) || node.id < 1 || node.id > highestAllowedFieldId)
      violations.push(`${node.path}: id ${node.id} is reserved or not a positive integer`)
    if (node.role === 'field' && node.name === '')
      violations.push(`${node.parent?.path ?? 'schema'}: a field has an empty name`)
    violations.push(...typeViolations(node, before.get(node.id)))
  }
  return violations
}

function typeViolations({ path, type, field }: IndexedField, before: IndexedField | undefined): string[] {
  const violations: string[] = []
  if (typeof type === 'string' && parsePrimitive(type) === undefined) {
    violations.push(
      isV3Primitive(type)
        ? `${path}: type ${type} is not supported until v3`
        : `${path}: ${type} is not an Iceberg type`,
    )
  }
  for (const key of ['initial-default', 'write-default'] as const) {
    const isKept = sameJson(field?.[key], before?.field?.[key])
    if (field?.[key] !== undefined && field[key] !== null && !isKept)
      violations.push(`${path}: ${key} is not supported until v3`)
  }
  return violations
}

function identifierViolations(schema: Schema): string[] {
  const byId = indexById(schema)
  return (schema['identifier-field-ids'] ?? []).flatMap(id => {
    const node = byId.get(id)
    if (node === undefined) return [`identifier field ${id} does not exist`]
    const reason = whyNotIdentifier(node)
    return reason === undefined ? [] : [`${node.path}: cannot be an identifier field: ${reason}`]
  })
}

/** Why a field cannot be part of the row key (spec "Identifier Field IDs"); undefined when it can. */
export function whyNotIdentifier(node: IndexedField): string | undefined {
  if (isNested(node.type)) return 'it is not a primitive'
  if (node.type === 'float' || node.type === 'double') return `it is a ${node.type}`
  const parents = parentsOf(node)
  if (parents.some(({ type }) => !isNested(type) || type.type !== 'struct')) return 'it is inside a list or map'
  if (!node.required) return 'it is not required'
  const optional = parents.find(parent => !parent.required)
  return optional === undefined ? undefined : `its parent ${optional.path} is not required`
}

function parentsOf({ parent }: IndexedField): IndexedField[] {
  return parent === undefined ? [] : [parent, ...parentsOf(parent)]
}

function report(violations: readonly string[]): void {
  if (violations.length === 0) return
  throw new IcebergError('UPDATE_ILLEGAL', `Invalid schema: ${violations.join('; ')}`, { violations })
}
