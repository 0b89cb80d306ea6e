const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Parsers for hyparquet that keep every value exact: microseconds as bigint, dates as days, strings with their byte order mark. */
export const parsers = {
  timestampFromMilliseconds: (value: bigint): bigint => value * 1000n,
  timestampFromMicroseconds: (value: bigint): bigint => value,
  timestampFromNanoseconds: (value: bigint): bigint => (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n,
  dateFromDays: (days: number): number => days,
  stringFromBytes: (bytes: Uint8Array | undefined): string | undefined => bytes && utf8.decode(bytes),
}

/** The same, but texts stay bytes: where most rows are left out, or nobody looks into them. */
export const lateParsers: typeof parsers = {
  ...parsers,
  stringFromBytes: (bytes: Uint8Array | undefined): string => bytes as unknown as string,
}
