import type { Chain } from '../../query/conversation/chains.ts'
import type { SessionHead } from '../../query/conversation/conversation.ts'
import type { Entry } from '../../query/conversation/entries.ts'
import { count, plural } from './text.ts'
import { typedCommand } from './typed-command.ts'
import { visible } from './visible.ts'
import { oneLine, wrappedText } from './wrapped.ts'

export interface ConversationOptions {
  /** Columns of a line. */
  readonly width: number
  /** Nothing is left out or cut. */
  readonly full: boolean
  /** Whether less important lines may be made fainter, by an order to the terminal. */
  readonly dims: boolean
}

/** A conversation as text, an entry at a time. */
export interface ConversationText {
  readonly head: () => string[]
  /** The lines that an entry adds; it may be told together with those after it. */
  readonly entry: (entry: Entry) => string[]
  /** What is still to be told behind the last. */
  readonly end: () => string[]
}

/** Lines of a text that are shown of a longer one. */
const shownLines = 40

/** Columns of the time and what is between. */
const gutter = 10

/** Entries that are told in one line: what the client put in, or did for itself. */
interface Folded {
  readonly chain: number
  readonly at: string
  readonly depth: number
  readonly sideCall: boolean
  readonly names: Map<string, number>
}

/** The conversation for a person. Nothing that stands in it reaches the terminal as an order. */
export function conversationText(
  head: SessionHead,
  chains: readonly Chain[],
  { width, full, dims }: ConversationOptions,
): ConversationText {
  let day = ''
  let chain = -1
  let folded: Folded | undefined
  let shared = head.lastShared === null ? 'none' : 'before'
  const main = chains.findIndex(({ agent, depth }) => agent === null && depth === 0)
  // Subagents whose session is not there are subagents all the same.
  const leastDepth = main === -1 ? 1 : 0

  return { head: () => headLines(head, chains), entry, end: unfold }

  function entry(one: Entry): string[] {
    const lines: string[] = []
    if (shared === 'last' && one.message !== head.lastShared && one.chain === main) {
      shared = 'after'
      lines.push(...unfold(), rule('from here on only in this session'))
    }
    if (one.message === head.lastShared) shared = 'last'
    const depth = depthOf(one)
    if (isFolded(one)) {
      const sideCall = one.kind === 'side_call'
      if (folded !== undefined && (folded.chain !== one.chain || folded.sideCall !== sideCall)) lines.push(...unfold())
      folded ??= { chain: one.chain, at: one.at, depth, sideCall, names: new Map() }
      const name = nameOf(one)
      const times = folded.names.get(name) ?? 0
      // A message counts once, and one that only ends with what is folded is told as well.
      if (one.part === 0 || times === 0) folded.names.set(name, times + 1)
      return lines
    }
    const told = body(one, Math.max(width - gutter - 2 * depth, 20))
    if (told.length === 0) return lines
    lines.push(...unfold(), ...dayLine(one.at), ...chainLine(one, depth))
    lines.push(...placed(one.at, depth, told))
    return lines
  }

  /** Ends what is told in one line. */
  function unfold(): string[] {
    if (folded === undefined) return []
    const { at, depth, sideCall, names } = folded
    folded = undefined
    const what = Array.from(names, ([name, times]) => (times === 1 ? name : `${name} ×${times}`)).join(', ')
    const text = `${sideCall ? '- side call' : '- client'}: ${what}`
    return [...dayLine(at), ...placed(at, depth, [dim(oneLine(text, width - gutter - 2 * depth))])]
  }

  function depthOf({ chain: of, inline }: Entry): number {
    return (chains[of]?.depth ?? 0) + leastDepth + (inline ? 1 : 0)
  }

  function isFolded({ kind, type }: Entry): boolean {
    if (full) return false
    return ['harness', 'attachment', 'system', 'side_call'].includes(kind) || (kind === 'other' && type !== 'tool_call')
  }

  function nameOf({ kind, native, chain: of, text }: Entry): string {
    if (kind === 'side_call' && chains[of]?.sideCall === true)
      return (chains[of].agent ?? '').startsWith('acompact') ? 'compaction' : 'prompt suggestion'
    if (kind === 'side_call' && native?.endsWith('-title') === true) return `title ${JSON.stringify(text ?? '')}`
    if (kind !== 'harness' || native === null || native === 'text')
      return native === null || native === 'text' ? kind : native
    return native
  }

  function dayLine(at: string): string[] {
    const now = at.slice(0, 10)
    if (now === day) return []
    day = now
    return [dim(now)]
  }

  function chainLine({ chain: of, at }: Entry, depth: number): string[] {
    if (of === chain) return []
    chain = of
    const found = chains[of]
    if (found === undefined || of === main || (found.depth === 0 && found.agent === null && found.thread === null))
      return []
    const name = found.agent === null ? `thread ${found.thread ?? ''}` : `subagent ${found.type ?? ''} ${found.agent}`
    const about = found.description === null ? '' : `: ${found.description}`
    return placed(at, Math.max(depth - 1, 0), [dim(oneLine(`[${name.replace('  ', ' ')}${about}]`, width - gutter))])
  }

  function body(one: Entry, room: number): string[] {
    const { kind, type, text } = one
    if (kind === 'compact_boundary') return [rule(`compacted${compaction(one)}`, room)]
    if (kind === 'compact_summary' && !full) return [dim(`- summary of what came before, ${plural(one.lines, 'line')}`)]
    if (type === 'tool_call') return callLines(one, room)
    if (type === 'tool_result') return resultLines(one, room)
    if (kind === 'reasoning') return text === null || text === '' ? [] : thought(one, room)
    const mark = marks[kind] ?? (full && kind !== 'answer' ? `${kind}: ` : '')
    const said = kind === 'command' && !full ? typedCommand(text ?? '') : (text ?? '')
    const shown = said !== '' || type === 'text' ? said : `[${type === 'other' ? (one.native ?? type) : type}]`
    if (shown === '') return []
    const lines = wrappedText(shown, room - mark.length)
    const kept = full ? lines : lines.slice(0, shownLines)
    const missing = full ? 0 : Math.max(lines.length - kept.length, one.lines - shownLines, 0)
    const isCut = missing > 0 || (!full && one.length > (text ?? '').length)
    return [
      ...kept.map((line, index) => (index === 0 ? mark + line : ' '.repeat(mark.length) + line).trimEnd()),
      ...(isCut ? [dim(`… ${missing > 0 ? `${plural(missing, 'more line')}, ` : ''}--full shows all`)] : []),
    ]
  }

  function thought({ text, lines }: Entry, room: number): string[] {
    if (full) return wrappedText(text ?? '', room - 2).map((line, index) => (index === 0 ? `~ ${line}` : `  ${line}`))
    const more = lines > 1 ? ` (${plural(lines, 'line')})` : ''
    return [dim(`~ ${oneLine(text ?? '', room - 2 - more.length)}${more}`)]
  }

  function callLines(
    { tool, argument, args, answered, resultError, resultLines: of, resultText }: Entry,
    room: number,
  ): string[] {
    const name = visible(tool ?? 'tool')
    if (full) {
      const all = args === null ? [] : wrappedText(readable(args), room - 2).map(line => `  ${line}`)
      return [`· ${name}`, ...all]
    }
    const outcome = !answered
      ? 'no result'
      : resultError === true
        ? `error: ${oneLine(resultText ?? '', Math.max(Math.floor(room / 3), 12))}`
        : of === 0
          ? emptyResult(resultText)
          : plural(of ?? 0, 'line')
    const tail = `  → ${outcome}`
    const left = room - 2 - name.length - 2 - tail.length
    const shown = left < 12 ? '' : `  ${oneLine(argumentText(argument ?? ''), left)}`
    return [`· ${name}${shown.trimEnd()}${dim(tail)}`]
  }

  function resultLines({ answered, resultFor, isError, lines, text, tool }: Entry, room: number): string[] {
    if (full)
      return [
        dim(`→ result of ${visible(tool ?? resultFor ?? 'a call')}${isError === true ? ', an error' : ''}`),
        ...wrappedText(text ?? '', room - 2).map(line => `  ${line}`.trimEnd()),
      ]
    return answered
      ? []
      : [dim(`→ result without its call, ${isError === true ? 'an error, ' : ''}${plural(lines, 'line')}`)]
  }

  function placed(at: string, depth: number, lines: readonly string[]): string[] {
    const time = `${at.slice(11, 19)}  `
    const indent = '  '.repeat(depth)
    return lines.map((line, index) => `${index === 0 ? dim(time) : ' '.repeat(gutter)}${indent}${line}`.trimEnd())
  }

  function rule(text: string, room = width - gutter): string {
    return dim(`── ${oneLine(text, Math.max(room - 6, 10))} ──`)
  }

  function dim(text: string): string {
    return dims && text.trim() !== '' ? `\u001b[2m${text}\u001b[22m` : text
  }
}

/** An image, or a list of what was found, is no text and yet something. */
function emptyResult(text: string | null): string {
  return text === null ? 'no text' : 'empty'
}

/** What goes before the text of a kind. */
const marks: Readonly<Record<string, string>> = {
  prompt: '> ',
  queued_prompt: '> ',
  subagent_prompt: '» ',
  command: '> ',
  error: '! ',
  answer: '',
}

function headLines(head: SessionHead, chains: readonly Chain[]): string[] {
  const { id, thread, client, clientVersion, title, cwd, gitBranch, models, startedAt, endedAt } = head
  const agents = chains.filter(({ agent, depth, sideCall }) => (agent !== null || depth > 0) && !sideCall).length
  const spent = head.totalTokens === null ? [] : [`${count(head.totalTokens)} tokens`]
  const lines: readonly (readonly [string, string])[] = [
    ['session', `${id}${thread === null ? '' : `, thread ${thread}`}`],
    ...(title === null ? [] : [['title', title] as const]),
    [
      'client',
      [client, clientVersion].filter(part => part !== null).join(' ') + (models === null ? '' : `, ${models}`),
    ],
    ...(cwd === null ? [] : [['where', `${cwd}${gitBranch === null ? '' : ` (${gitBranch})`}`] as const]),
    ['when', `${startedAt.slice(0, 19).replace('T', ' ')} to ${endedAt.slice(0, 19).replace('T', ' ')} UTC`],
    [
      'what',
      [
        plural(head.prompts, 'prompt'),
        plural(head.messages, 'message'),
        plural(head.toolCalls, 'tool call'),
        ...(agents === 0 ? [] : [plural(agents, 'subagent')]),
        ...spent,
        ...costWords(head),
      ].join(', '),
    ],
    ...(head.forkedFrom === null ? [] : [['forked', `from ${head.forkedFrom}`] as const]),
    ...head.shared.map(
      ({ session, messages }) => ['shares', `${plural(messages, 'message')} with ${session}`] as const,
    ),
  ]
  return [...lines.map(([name, text]) => `${name.padEnd(gutter)}${visible(text)}`), '']
}

function costWords({ totalTokens, cost, unpricedMessages }: SessionHead): string[] {
  if (totalTokens === null) return []
  if (cost === null) return ['cost unknown']
  const unknown = unpricedMessages === 0 ? '' : ` and ${plural(unpricedMessages, 'answer')} of unknown cost`
  // What costs something never reads as nothing.
  return [`${cost > 0 && cost < 0.01 ? 'less than $0.01' : `$${cost.toFixed(2)}`}${unknown}`]
}

function compaction({ compaction: text }: Entry): string {
  if (text === null) return ''
  try {
    const { trigger, preTokens } = JSON.parse(text) as { readonly trigger?: unknown; readonly preTokens?: unknown }
    const words = [
      ...(typeof trigger === 'string' ? [trigger] : []),
      ...(typeof preTokens === 'number' ? [`${count(preTokens)} tokens before`] : []),
    ]
    return words.length === 0 ? '' : ` (${words.join(', ')})`
  } catch {
    return ''
  }
}

/** A command that is a list of words as one would type it; the shell it was given to says nothing. */
function argumentText(argument: string): string {
  if (!argument.startsWith('[')) return argument
  try {
    const words: unknown = JSON.parse(argument)
    if (!Array.isArray(words) || !words.every(word => typeof word === 'string')) return argument
    const [shell, flag, script] = words
    return /(?:^|\/)(?:ba|z)?sh$/.test(shell ?? '') && /^-l?c$/.test(flag ?? '')
      ? (script ?? argument)
      : words.join(' ')
  } catch {
    return argument
  }
}

/** JSON on lines of its own; a text that stands for itself as it is. */
function readable(args: string): string {
  try {
    const value: unknown = JSON.parse(args)
    return typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  } catch {
    return args
  }
}
