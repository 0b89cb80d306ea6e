/** Rows [from, to) of a file, at most so many at a time. */
export interface RowRange {
  readonly from: number
  readonly to: number
  readonly atMost: number
}

/** Rows [from, to) of the file, all of one row group, which begins at `start`. */
export interface GroupRange<Group> {
  readonly group: Group
  readonly start: number
  readonly from: number
  readonly to: number
}

const everything: RowRange = { from: 0, to: Number.POSITIVE_INFINITY, atMost: Number.POSITIVE_INFINITY }

/** The rows of a range by the row groups that they are in. A row group without rows is left out. */
export function* rangesIn<Group extends { readonly num_rows: bigint }>(
  groups: readonly Group[],
  range: RowRange = everything,
): Generator<GroupRange<Group>> {
  let end = 0
  for (const group of groups) {
    const start = end
    end += Number(group.num_rows)
    const last = Math.min(end, range.to)
    for (let from = Math.max(start, range.from); from < last; from += range.atMost)
      yield { group, start, from, to: Math.min(last, from + range.atMost) }
  }
}
