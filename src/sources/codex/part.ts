/** What one element of a message, or one item of another kind, brings to its row. */
export interface Part {
  readonly partType: 'text' | 'reasoning' | 'tool_call' | 'tool_result' | 'image' | 'file' | 'usage' | 'other'
  /** The type of a message's element. */
  readonly providerSubtype: string | null
  readonly contentText: string | null
  readonly toolName: string | null
  readonly toolCallId: string | null
  /** JSON text. */
  readonly toolArgs: string | null
  readonly toolResultFor: string | null
  readonly thinkingSignature: string | null
  readonly isError: boolean | null
  /** JSON text; null where the columns say everything. */
  readonly rawFrame: string | null
  /** What kind of text of the client this is, which stands in the conversation like somebody's words. */
  readonly harness: string | null
}

export const emptyPart: Part = {
  partType: 'other',
  providerSubtype: null,
  contentText: null,
  toolName: null,
  toolCallId: null,
  toolArgs: null,
  toolResultFor: null,
  thinkingSignature: null,
  isError: null,
  rawFrame: null,
  harness: null,
}
