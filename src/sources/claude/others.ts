import { plainText } from '../base64.ts'
import { isObject, type JsonObject, text } from '../json.ts'
import { joinedText } from './blocks.ts'
import { type TranscriptLine, titleOf } from './line.ts'
import { emptyPart, type Part } from './part.ts'

const fileAttachments: ReadonlySet<string> = new Set([
  'file',
  'edited_text_file',
  'nested_memory',
  'compact_file_reference',
  'plan_file_reference',
])

/** What the client put beside a prompt: hook output, files, reminders, and prompts typed while it was busy. */
export function attachmentPart(attachment: JsonObject): Part {
  const type = text(attachment['type'])
  const contentText = attachmentText(attachment)
  const failed = type?.startsWith('hook_') === true && type.endsWith('_error')
  const kind = type !== null && fileAttachments.has(type) ? 'file' : contentText === null ? 'other' : 'text'
  return {
    ...emptyPart,
    partType: failed ? 'error' : kind,
    providerType: 'attachment',
    contentText,
    attachmentType: type,
    hookEvent: text(attachment['hookEvent']),
    isError: failed ? true : null,
    rawFrame: JSON.stringify(attachment),
  }
}

/** Members of an attachment that may hold its text, the likelier first; some lie in one another. */
const textMembers = ['prompt', 'content', 'text', 'snippet', 'file', 'planContent', 'banner', 'blockingError'] as const
const outputMembers = ['stdout', 'stderr'] as const

function attachmentText(attachment: JsonObject): string | null {
  for (const key of [...textMembers, ...outputMembers]) {
    const found = textIn(attachment[key], 3)
    if (found !== null && found !== '') return found
  }
  return null
}

function textIn(value: unknown, depth: number): string | null {
  if (!isObject(value)) return joinedText(value)
  if (depth === 0) return null
  for (const key of textMembers) {
    const found = textIn(value[key], depth - 1)
    if (found !== null && found !== '') return found
  }
  return null
}

const errorSubtypes: ReadonlySet<string> = new Set(['api_error', 'error'])

/** What the client itself noted: compaction, failed requests, hooks, local commands. */
export function systemPart(line: TranscriptLine): Part {
  const subtype = text(line.subtype)
  const content = text(line.content) ?? errorText(line.error)
  const contentText = content === null ? null : plainText(content)
  const failed = subtype !== null && errorSubtypes.has(subtype)
  return {
    ...emptyPart,
    partType: failed ? 'error' : contentText === null ? 'other' : 'text',
    providerType: 'system',
    providerSubtype: subtype,
    contentText,
    isError: failed ? true : null,
  }
}

/** What a person is shown of a failed request. */
function errorText(error: unknown): string | null {
  if (!isObject(error)) return text(error)
  return text(error['formatted']) ?? text(error['message'])
}

/** The title given to a session. */
export function titlePart(line: TranscriptLine): Part {
  return { ...emptyPart, partType: 'text', providerType: text(line.type), contentText: titleOf(line) }
}

/** A line nobody has heard of, kept whole: the client deletes its copy, and a later release may understand it. */
export function otherPart(line: TranscriptLine): Part {
  return { ...emptyPart, providerType: text(line.type), rawFrame: JSON.stringify(line) }
}
