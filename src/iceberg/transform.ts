import { murmur3 } from './murmur3.ts'
import { type Primitive, parsePrimitive } from './primitive.ts'
import { decimalBytes, uuidBytes } from './single-value.ts'
import type { Cell, PrimitiveType } from './types.ts'

/** A partition transform taken apart (spec "Partition Transforms"). */
export type Transform =
  | { readonly kind: 'identity' | 'year' | 'month' | 'day' | 'hour' | 'void' }
  | { readonly kind: 'bucket'; readonly buckets: number }
  | { readonly kind: 'truncate'; readonly width: number }

/** undefined for a transform of a later format: it is ignored when filtering and never written. */
export function parseTransform(name: string): Transform | undefined {
  const sized = /^(bucket|truncate)\[(\d+)\]$/.exec(name)
  if (sized) {
    const size = Number(sized[2])
    if (size < 1 || size > 2147483647) return undefined
    return sized[1] === 'bucket' ? { kind: 'bucket', buckets: size } : { kind: 'truncate', width: size }
  }
  return /^(?:identity|year|month|day|hour|void)$/.test(name) ? ({ kind: name } as Transform) : undefined
}

const accepted: { readonly [Kind in Transform['kind']]: ReadonlySet<Primitive['kind']> | 'any' } = {
  identity: 'any',
  void: 'any',
  bucket: new Set([
    'int',
    'long',
    'decimal',
    'date',
    'time',
    'timestamp',
    'timestamptz',
    'string',
    'uuid',
    'fixed',
    'binary',
  ]),
  truncate: new Set(['int', 'long', 'decimal', 'string', 'binary']),
  year: new Set(['date', 'timestamp', 'timestamptz']),
  month: new Set(['date', 'timestamp', 'timestamptz']),
  day: new Set(['date', 'timestamp', 'timestamptz']),
  hour: new Set(['timestamp', 'timestamptz']),
}

export function transformAccepts(transform: Transform, source: Primitive): boolean {
  const kinds = accepted[transform.kind]
  return kinds === 'any' || kinds.has(source.kind)
}

/** The type of a partition value. `day` gives a date, which readers also accept as int. */
export function transformResult(transform: Transform, source: PrimitiveType): PrimitiveType {
  if (transform.kind === 'day') return 'date'
  return transform.kind === 'identity' || transform.kind === 'truncate' || transform.kind === 'void' ? source : 'int'
}

/** A function from a cell of the source type to the partition value; null stays null. */
export function bindTransform(transform: Transform, source: PrimitiveType): (cell: Cell) => Cell {
  const apply = applier(transform, parsePrimitive(source))
  return cell => (cell === null || cell === undefined ? null : apply(cell))
}

function applier(transform: Transform, source: Primitive | undefined): (cell: Cell) => Cell {
  switch (transform.kind) {
    case 'identity':
      return cell => cell
    case 'void':
      return () => null
    case 'bucket':
      return cell => (hash(cell, source) & 0x7fffffff) % transform.buckets
    case 'truncate':
      return cell => truncate(cell, transform.width, source)
    case 'year':
      return cell => Math.floor(months(days(cell, source)) / 12)
    case 'month':
      return cell => months(days(cell, source))
    case 'day':
      return cell => days(cell, source)
    case 'hour':
      return cell => floorDivide(cell, 3_600_000_000n)
  }
}

const utf8 = new TextEncoder()

/** The hash of a value by its type (spec "Appendix B"): ints hash as longs, decimals as their minimal bytes. */
function hash(cell: Cell, source: Primitive | undefined): number {
  if (typeof cell === 'string') return murmur3(source?.kind === 'uuid' ? uuidBytes(cell) : utf8.encode(cell))
  if (cell instanceof Uint8Array) return murmur3(cell)
  if (source?.kind === 'decimal') return murmur3(decimalBytes(cell as bigint))
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, BigInt(cell as number | bigint), true)
  return murmur3(bytes)
}

/** Numbers are rounded down; at the lowest end of a type they wrap to its highest, as in Java. */
function truncate(cell: Cell, width: number, source: Primitive | undefined): Cell {
  if (typeof cell === 'string') return [...cell].slice(0, width).join('')
  if (cell instanceof Uint8Array) return cell.slice(0, width)
  const value = BigInt(cell as bigint | number)
  const wide = BigInt(width)
  const result = value - (((value % wide) + wide) % wide)
  if (source?.kind === 'int') return Number(BigInt.asIntN(32, result))
  return source?.kind === 'long' ? BigInt.asIntN(64, result) : result
}

/** Days since 1970, rounded down also before it. */
function days(cell: Cell, source: Primitive | undefined): number {
  return source?.kind === 'date' ? (cell as number) : floorDivide(cell, 86_400_000_000n)
}

function floorDivide(cell: Cell, by: bigint): number {
  const value = BigInt(cell as bigint | number)
  return Number(value / by) - (value % by < 0n ? 1 : 0)
}

/** Months since 1970. The calendar repeats every 400 years, of which Date knows enough. */
function months(day: number): number {
  const cycles = Math.floor(day / 146_097)
  const date = new Date((day - cycles * 146_097) * 86_400_000)
  return (date.getUTCFullYear() - 1970 + cycles * 400) * 12 + date.getUTCMonth()
}
