type PartType = 'text' | 'reasoning' | 'tool_call' | 'tool_result' | 'image' | 'file' | 'error' | 'other'

/** What one block of a message, or one line of another kind, brings to its row. */
export interface Part {
  readonly partType: PartType
  /** The client's own name for what this is. */
  readonly providerType: string | null
  readonly providerSubtype: string | null
  readonly contentText: string | null
  readonly toolName: string | null
  readonly toolCallId: string | null
  /** JSON text. */
  readonly toolArgs: string | null
  readonly callerType: string | null
  readonly toolResultFor: string | null
  readonly thinkingSignature: string | null
  readonly attachmentType: string | null
  readonly hookEvent: string | null
  readonly isError: boolean | null
  /** JSON text; null where the columns say everything. */
  readonly rawFrame: string | null
}

export const emptyPart: Part = {
  partType: 'other',
  providerType: null,
  providerSubtype: null,
  contentText: null,
  toolName: null,
  toolCallId: null,
  toolArgs: null,
  callerType: null,
  toolResultFor: null,
  thinkingSignature: null,
  attachmentType: null,
  hookEvent: null,
  isError: null,
  rawFrame: null,
}
