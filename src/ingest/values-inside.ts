/**
 * How many values stand inside of a value: the items of lists, the entries of maps, the members of objects, at every
 * depth. Each of them takes memory of its own, however short its text is.
 */
export function valuesInside(value: unknown): number {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0
  const inner = value instanceof Map ? [...value.values()] : Array.isArray(value) ? value : Object.values(value)
  let count = inner.length
  for (const each of inner) count += valuesInside(each)
  return count
}
