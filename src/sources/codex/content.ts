import { plainText } from '../base64.ts'
import { mostParts } from '../crowded.ts'
import { isEmpty, isObject, type JsonObject, text } from '../json.ts'
import { harnessOf } from './harness.ts'
import { emptyPart, type Part } from './part.ts'

/** A message's content as parts, one per element; a string is one element. One without any is one empty part. */
export function messageParts(content: unknown): readonly Part[] {
  if (isEmpty(content)) return [emptyPart]
  if (Array.isArray(content) && content.length > mostParts) return [{ ...emptyPart, rawFrame: JSON.stringify(content) }]
  return Array.isArray(content) ? content.map(elementPart) : [elementPart(content)]
}

const images: ReadonlySet<string> = new Set(['input_image', 'output_image', 'image', 'image_url'])
const files: ReadonlySet<string> = new Set(['input_file', 'file', 'input_audio', 'audio', 'document'])

function elementPart(element: unknown): Part {
  if (typeof element === 'string') return { ...textPart(element), providerSubtype: null }
  if (!isObject(element)) return { ...emptyPart, rawFrame: JSON.stringify(element) }
  const type = text(element['type'])
  const said = element['text'] ?? element['refusal']
  if (typeof said === 'string') {
    const rawFrame = isTold(element, ['text', 'refusal']) ? null : JSON.stringify(element)
    return { ...textPart(said), providerSubtype: type, rawFrame }
  }
  if (typeof element['encrypted_content'] === 'string') {
    const rawFrame = isTold(element, ['encrypted_content']) ? null : JSON.stringify(element)
    return { ...emptyPart, providerSubtype: type, thinkingSignature: text(element['encrypted_content']), rawFrame }
  }
  const partType = type !== null && images.has(type) ? 'image' : type !== null && files.has(type) ? 'file' : 'other'
  return { ...emptyPart, partType, providerSubtype: type, rawFrame: JSON.stringify(element) }
}

function textPart(said: string): Part {
  return { ...emptyPart, partType: 'text', contentText: plainText(said), harness: harnessOf(said) }
}

/** Whether an element says nothing but its type and one of these. */
function isTold(element: JsonObject, told: readonly string[]): boolean {
  return Object.keys(element).every(key => key === 'type' || told.includes(key) || isEmpty(element[key]))
}

/** The text of a string, or of the elements of a list that have one, one under the other. */
export function joinedText(content: unknown): string | null {
  if (typeof content === 'string') return plainText(content)
  if (!Array.isArray(content)) return null
  const texts = content.map(textIn).filter(found => found !== null)
  return texts.length === 0 ? null : texts.join('\n')
}

function textIn(element: unknown): string | null {
  if (typeof element === 'string') return plainText(element)
  return isObject(element) && typeof element['text'] === 'string' ? plainText(element['text']) : null
}

/** Whether a list holds nothing but texts, so that {@link joinedText} says all of it. */
export function isAllText(content: readonly unknown[]): boolean {
  return content.every(element => typeof element === 'string' || (isObject(element) && isTold(element, ['text'])))
}
