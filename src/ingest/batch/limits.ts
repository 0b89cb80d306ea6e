/** A row has at most so many bytes of JSON. */
export const largestRow: number = 8 * 1024 * 1024

/** A body has at most so many rows: what is taken at once is written at once, and stands in memory as cells then. */
export const mostRows = 1_000_000

/** For a table with lists, maps or structs its rows hold at most so many values: three bytes of JSON make one. */
export const mostInside = 2_000_000

/** So much is said of what is wrong with the rows of a body; how many were refused is counted to the end. */
export const mostErrors = 1000
