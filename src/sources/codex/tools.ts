import { plainText } from '../base64.ts'
import { isObject, type JsonObject, text, wellFormed } from '../json.ts'
import { isAllText, joinedText } from './content.ts'
import { emptyPart, type Part } from './part.ts'

/** A call of a tool, and the members of the item that its part holds. */
export function toolCallPart(item: JsonObject): { readonly part: Part; readonly told: readonly string[] } {
  const type = text(item['type']) ?? ''
  const input = ['arguments', 'input', 'action'].find(key => item[key] !== undefined && item[key] !== null)
  const told = ['call_id', 'name', ...(input === undefined ? [] : [input])]
  const part: Part = {
    ...emptyPart,
    partType: 'tool_call',
    toolName: text(item['name']) ?? type.replace(/_call$/, ''),
    toolCallId: text(item['call_id']) ?? text(item['id']),
    toolArgs: input === undefined ? null : argumentsText(input, item[input]),
    // A picture that was made is result and call in one.
    rawFrame: type === 'image_generation_call' ? JSON.stringify(item) : null,
  }
  return { part, told: part.rawFrame === null ? told : Object.keys(item) }
}

/** JSON text of what a tool was called with: as the model wrote it if that is JSON, else as a JSON string. */
function argumentsText(key: string, value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  // Free text of a tool of its own may look like JSON, and is text all the same.
  if (key !== 'arguments') return JSON.stringify(value)
  try {
    const parsed: unknown = JSON.parse(value)
    return /\\u[dD]/.test(value) ? JSON.stringify(wellFormed(parsed)) : value
  } catch {
    return JSON.stringify(value)
  }
}

interface Outcome {
  readonly contentText: string | null
  readonly isError: boolean | null
  /** JSON text of what the text leaves out. */
  readonly rawFrame: string | null
  readonly metadata: unknown
}

/** What a tool answered, the members that its part holds, and what the answer brings besides. */
export function toolResultPart(item: JsonObject): {
  readonly part: Part
  readonly told: readonly string[]
  readonly rest: JsonObject
} {
  const { metadata, ...outcome } = item['output'] === undefined ? withoutOutput(item) : outcomeOf(item['output'])
  const part: Part = { ...emptyPart, partType: 'tool_result', toolResultFor: text(item['call_id']), ...outcome }
  const told = item['output'] === undefined ? Object.keys(item) : ['call_id', 'output']
  return { part, told, rest: metadata === undefined ? {} : { output_metadata: metadata } }
}

function withoutOutput(item: JsonObject): Outcome {
  return { contentText: null, isError: null, rawFrame: JSON.stringify(item), metadata: undefined }
}

function outcomeOf(output: unknown): Outcome {
  if (typeof output === 'string') return legacyOutcome(output) ?? plain(plainText(output))
  if (Array.isArray(output)) {
    return { ...plain(joinedText(output)), rawFrame: isAllText(output) ? null : JSON.stringify(output) }
  }
  return structured(output) ?? { ...plain(null), rawFrame: JSON.stringify(output) }
}

function plain(contentText: string | null): Outcome {
  return { contentText, isError: null, rawFrame: null, metadata: undefined }
}

/** Old clients wrote `{"output", "metadata"}` as a JSON text into the string. */
function legacyOutcome(output: string): Outcome | undefined {
  if (!/^\s*\{\s*"(?:output|metadata)"/.test(output)) return undefined
  try {
    const parsed = wellFormed(JSON.parse(output))
    return isObject(parsed) && parsed['metadata'] !== undefined ? structured(parsed) : undefined
  } catch {
    return undefined
  }
}

/** An answer as an object: its text, whether it failed, and what else is told of it. */
function structured(output: unknown): Outcome | undefined {
  if (!isObject(output)) return undefined
  const said = output['output'] ?? output['content']
  if (typeof said !== 'string') return undefined
  const { output: _, content: __, metadata, success, ...others } = output
  const exitCode = isObject(metadata) ? metadata['exit_code'] : undefined
  const isError = typeof success === 'boolean' ? !success : typeof exitCode === 'number' ? exitCode !== 0 : null
  const isTold = Object.keys(others).length === 0 && (output['output'] === undefined || output['content'] === undefined)
  return { contentText: plainText(said), isError, rawFrame: isTold ? null : JSON.stringify(output), metadata }
}
