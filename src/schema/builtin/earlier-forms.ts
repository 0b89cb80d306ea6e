/** How a column stood up to and including a release, where it is declared otherwise today. */
export interface EarlierForm {
  readonly column: string
  /** The last release with this form. */
  readonly until: number
  readonly type?: string
  readonly required?: boolean
  readonly doc?: string
}

/**
 * The past of today's columns. A release is sealed once it is out, so whoever
 * changes a column in a new release first writes its old form down here. The
 * forms of one column stand in the order of `until`.
 */
export const earlierForms: readonly EarlierForm[] = [
  {
    column: 'conversation_id',
    until: 5,
    required: true,
    doc: 'The conversation: Claude’s session id or Codex’s thread id; partition key and, with `part_id`, row key.',
  },
  {
    column: 'part_id',
    until: 5,
    doc: 'Id of the part, `<message_id>#<part_index>`; with `conversation_id` it is the row key.',
  },
]
