import { plainText } from '../base64.ts'
import { type JsonObject, text } from '../json.ts'
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

function attachmentText(attachment: JsonObject): string | null {
  for (const key of ['prompt', 'content', 'text', 'snippet', 'stdout', 'stderr']) {
    const found = joinedText(attachment[key])
    if (found !== null && found !== '') return found
  }
  return null
}

const errorSubtypes: ReadonlySet<string> = new Set(['api_error', 'error'])

/** What the client itself noted: compaction, failed requests, hooks, local commands. */
export function systemPart(line: TranscriptLine): Part {
  const subtype = text(line.subtype)
  const content = text(line.content)
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

/** The title given to a session. */
export function titlePart(line: TranscriptLine): Part {
  return { ...emptyPart, partType: 'text', providerType: text(line.type), contentText: titleOf(line) }
}

/** A line nobody has heard of, kept whole: the client deletes its copy, and a later release may understand it. */
export function otherPart(line: TranscriptLine): Part {
  return { ...emptyPart, providerType: text(line.type), rawFrame: JSON.stringify(line) }
}
