/** The type of a result's column, and how its values stand in memory; null stands for NULL in all of them. */
export type ResultType =
  /** boolean */
  | { readonly kind: 'boolean' }
  /** number up to 32 bits, bigint beyond */
  | { readonly kind: 'integer'; readonly bits: 8 | 16 | 32 | 64 | 128; readonly signed: boolean }
  /** number */
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  /** bigint, unscaled */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** string; also whatever has no kind of its own here, as the engine prints it */
  | { readonly kind: 'text' }
  /** Uint8Array */
  | { readonly kind: 'binary' }
  /** number, days since 1970-01-01 */
  | { readonly kind: 'date' }
  /** bigint, microseconds since midnight */
  | { readonly kind: 'time' }
  /** bigint, microseconds since 1970-01-01, in UTC where it is zoned */
  | { readonly kind: 'timestamp'; readonly zoned: boolean }
  /** array */
  | { readonly kind: 'list'; readonly element: ResultType }
  /** array of the members' values, in their order */
  | { readonly kind: 'struct'; readonly members: readonly ResultMember[] }
  /** array of [key, value] */
  | { readonly kind: 'map'; readonly key: ResultType; readonly value: ResultType }

export interface ResultMember {
  readonly name: string
  readonly type: ResultType
}

export interface ResultColumn extends ResultMember {
  /** The type by its name in SQL, e.g. `BIGINT`. */
  readonly sqlType: string
}

export type ResultValue = null | boolean | number | bigint | string | Uint8Array | readonly ResultValue[]

/** Some rows of a result, by column. */
export interface ResultBatch {
  readonly rowCount: number
  readonly columns: readonly (readonly ResultValue[])[]
}

/** A result that is read once, while the engine works on it. */
export interface QueryResult {
  /** Names are distinct. */
  readonly columns: readonly ResultColumn[]
  /** Reading throws HypError FILE_MISSING, DATA_INVALID, QUERY_FAILED or INTERRUPTED, also after some rows. */
  readonly batches: AsyncIterable<ResultBatch>
  /** Ends a query whose rows are not wanted to the end. */
  close(): void
}
