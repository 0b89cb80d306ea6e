/** `session_id_bucket_16`, `at_day`, and for identity the column’s own name: the names other engines give. */
export function partitionName(column: string, transform: string): string {
  const sized = /^(bucket|truncate)\[(\d+)\]$/.exec(transform)
  if (sized) return `${column}_${sized[1] === 'truncate' ? 'trunc' : 'bucket'}_${sized[2]}`
  return transform === 'identity' ? column : `${column}_${transform}`
}
