import { IcebergError } from '../iceberg/errors.ts'
import { cellFromJson } from '../iceberg/json-single-value.ts'
import { isV3Primitive } from '../iceberg/primitive.ts'
import type { Json } from '../iceberg/types.ts'
import type { DeclaredType } from './declaration.ts'

/** Whether a value can be the default of a type (spec "JSON single-value serialization" and "Default values"). */
export function fitsType(value: Json, type: DeclaredType): boolean {
  if (typeof type === 'string') return fitsPrimitive(value, type)
  if (type.type === 'list')
    return Array.isArray(value) && value.every(item => fitsPart(item, type.element, type.elementRequired))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const members = value as { readonly [key: string]: Json }
  // The defaults of a struct's fields stand at the fields.
  if (type.type === 'struct') return Object.keys(members).length === 0
  const { keys, values, ...others } = members
  return (
    Object.keys(others).length === 0 &&
    Array.isArray(keys) &&
    Array.isArray(values) &&
    keys.length === values.length &&
    keys.every(key => fitsPart(key, type.key, true)) &&
    values.every(item => fitsPart(item, type.value, type.valueRequired))
  )
}

function fitsPart(value: Json, type: DeclaredType, required = false): boolean {
  return value === null ? !required : fitsType(value, type)
}

function fitsPrimitive(value: Json, type: string): boolean {
  if (/^timestamp(?:tz)?_ns$/.test(type)) {
    if (typeof value !== 'string') return false
    return fitsPrimitive(value.replace(/(\.\d{6})\d{1,3}/, '$1'), type.slice(0, -'_ns'.length))
  }
  // Nothing but null is a default of the other types of version 3 (spec "Default values").
  if (isV3Primitive(type)) return false
  try {
    cellFromJson(value, type)
    return true
  } catch (error) {
    if (error instanceof IcebergError) return false
    throw error
  }
}
