/*
 * What the Avro schemas of manifests and manifest lists have to say (spec
 * "Manifests" and "Manifest Lists"), in the order of the Java writer.
 */

interface Named {
  readonly name: string
  readonly type: unknown
  readonly 'field-id'?: number
}

/** `id name type`, `!` for required and `?` for optional; members of a record are `id of the record.id`. */
export const manifestOutline: readonly string[] = [
  '0 status int!',
  '1 snapshot_id long?',
  '3 sequence_number long?',
  '4 file_sequence_number long?',
  '2 data_file r2!',
  '2.134 content int!',
  '2.100 file_path string!',
  '2.101 file_format string!',
  '2.102 partition r102!',
  '2.103 record_count long!',
  '2.104 file_size_in_bytes long!',
  '2.108 column_sizes map k117_v118 117 int 118 long?',
  '2.109 value_counts map k119_v120 119 int 120 long?',
  '2.110 null_value_counts map k121_v122 121 int 122 long?',
  '2.137 nan_value_counts map k138_v139 138 int 139 long?',
  '2.125 lower_bounds map k126_v127 126 int 127 bytes?',
  '2.128 upper_bounds map k129_v130 129 int 130 bytes?',
  '2.131 key_metadata bytes?',
  '2.132 split_offsets list 133 long?',
  '2.135 equality_ids list 136 int?',
  '2.140 sort_order_id int?',
]

export const manifestListOutline: readonly string[] = [
  '500 manifest_path string!',
  '501 manifest_length long!',
  '502 partition_spec_id int!',
  '517 content int!',
  '515 sequence_number long!',
  '516 min_sequence_number long!',
  '503 added_snapshot_id long!',
  '504 added_files_count int!',
  '505 existing_files_count int!',
  '506 deleted_files_count int!',
  '512 added_rows_count long!',
  '513 existing_rows_count long!',
  '514 deleted_rows_count long!',
  '507 partitions list 508 r508?',
  '507.509 contains_null boolean!',
  '507.518 contains_nan boolean?',
  '507.510 lower_bound bytes?',
  '507.511 upper_bound bytes?',
  '519 key_metadata bytes?',
]

/** The outline of a record's schema; partition fields, which differ from table to table, are left out. */
export function avroOutline(record: unknown, prefix = ''): string[] {
  return (record as { fields: readonly Named[] }).fields.flatMap(({ name, type, 'field-id': id }) => {
    const isOptional = Array.isArray(type)
    const inner = (isOptional ? type[1] : type) as string | Readonly<Record<string, unknown>>
    const line = (text: string): string => `${prefix}${id} ${name} ${text}${isOptional ? '?' : '!'}`
    if (typeof inner === 'string') return [line(inner)]
    const { name: inside = '', fields = [] } = (inner['items'] ?? inner) as Partial<Named> & {
      fields?: readonly Named[]
    }
    if (inner['logicalType'] === 'map') {
      const [key, value] = fields
      const pair = `${inside} ${key?.['field-id']} ${String(key?.type)} ${value?.['field-id']} ${String(value?.type)}`
      return [line(`map ${pair}`)]
    }
    if (inner['type'] === 'array') {
      const element = typeof inner['items'] === 'string' ? inner['items'] : inside
      return [line(`list ${String(inner['element-id'])} ${element}`), ...avroOutline({ fields }, `${id}.`)]
    }
    return [line(inside), ...(name === 'partition' ? [] : avroOutline({ fields }, `${id}.`))]
  })
}
