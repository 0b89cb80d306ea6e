import { plainText } from '../base64.ts'
import { mostParts } from '../crowded.ts'
import { flag, isObject, type JsonObject, text } from '../json.ts'
import { emptyPart, type Part } from './part.ts'

interface Block {
  readonly type?: unknown
  readonly id?: unknown
  readonly name?: unknown
  readonly input?: unknown
  readonly caller?: unknown
  readonly text?: unknown
  readonly thinking?: unknown
  readonly signature?: unknown
  readonly tool_use_id?: unknown
  readonly content?: unknown
  readonly is_error?: unknown
  readonly source?: unknown
  readonly [key: string]: unknown
}

/**
 * A message's content as parts, one per block; a string is one block unless it is empty. One without any is one empty
 * part: it was billed all the same, and the next message is a reply to it.
 */
export function messageParts(content: unknown): readonly Part[] {
  if (content === undefined || content === null || content === '') return [emptyPart]
  if (!Array.isArray(content)) return [blockPart(content)]
  if (content.length > mostParts) return [{ ...emptyPart, rawFrame: JSON.stringify(content) }]
  return content.length === 0 ? [emptyPart] : content.map(blockPart)
}

function blockPart(block: unknown): Part {
  if (typeof block === 'string')
    return { ...emptyPart, partType: 'text', providerType: 'text', contentText: plainText(block) }
  if (!isObject(block)) return { ...emptyPart, rawFrame: JSON.stringify(block) }
  const part = knownPart(block)
  return isTold(block, part) ? part : { ...part, rawFrame: JSON.stringify(block) }
}

function knownPart(block: Block): Part {
  const part = { ...emptyPart, providerType: text(block.type) }
  const type = part.providerType ?? ''
  if (type === 'text') return { ...part, partType: 'text', contentText: string(block.text) }
  if (type === 'thinking') {
    return {
      ...part,
      partType: 'reasoning',
      contentText: string(block.thinking),
      thinkingSignature: text(block.signature),
    }
  }
  if (type === 'redacted_thinking') return { ...part, partType: 'reasoning' }
  if (type === 'image') return { ...part, partType: 'image' }
  if (type === 'document') return { ...part, partType: 'file', contentText: documentText(block) }
  if (type.endsWith('tool_use')) {
    return {
      ...part,
      partType: 'tool_call',
      toolName: text(block.name),
      toolCallId: text(block.id),
      toolArgs: block.input === undefined ? null : JSON.stringify(block.input),
      callerType: isObject(block.caller) ? text(block.caller['type']) : null,
    }
  }
  if (type.endsWith('tool_result')) {
    return {
      ...part,
      partType: 'tool_result',
      contentText: joinedText(block.content),
      toolResultFor: text(block.tool_use_id),
      isError: flag(block.is_error),
    }
  }
  return { ...part, contentText: string(block.text) }
}

/** The text of a string, or of the text blocks of a list, one under the other. */
export function joinedText(content: unknown): string | null {
  if (typeof content === 'string') return plainText(content)
  if (!Array.isArray(content)) return null
  const texts = content.map(blockText).filter(found => found !== null)
  return texts.length === 0 ? null : texts.join('\n')
}

function blockText(block: unknown): string | null {
  if (typeof block === 'string') return plainText(block)
  return isObject(block) && block['type'] === 'text' ? string(block['text']) : null
}

function documentText(block: Block): string | null {
  return isObject(block.source) && block.source['type'] === 'text' ? string(block.source['data']) : null
}

function string(value: unknown): string | null {
  return typeof value === 'string' ? plainText(value) : null
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isName = (value: unknown): boolean => value === null || text(value) !== null
const isFlag = (value: unknown): boolean => value === null || typeof value === 'boolean'
const isAnything = (): boolean => true
const isCaller = (value: unknown): boolean =>
  isObject(value) && Object.keys(value).length === 1 && isName(value['type'])
const isTexts = (value: unknown): boolean =>
  value === null || typeof value === 'string' || (Array.isArray(value) && value.every(isPlainText))

function isPlainText(block: unknown): boolean {
  return (
    typeof block === 'string' ||
    (isObject(block) && Object.keys(block).length === 2 && block['type'] === 'text' && isText(block['text']))
  )
}

/** Per part, the members of a block that columns hold in full; cache marks say nothing about the conversation. */
const told: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  text: { text: isText },
  reasoning: { thinking: isText, signature: isText },
  tool_call: { id: isName, name: isName, input: isAnything, caller: isCaller },
  tool_result: { tool_use_id: isName, content: isTexts, is_error: isFlag },
}

function isTold(block: JsonObject, part: Part): boolean {
  const members = told[part.partType]
  if (members === undefined) return false
  return Object.keys(block).every(key => {
    if (key === 'type' || key === 'cache_control') return true
    return Object.hasOwn(members, key) && members[key]?.(block[key]) === true
  })
}
