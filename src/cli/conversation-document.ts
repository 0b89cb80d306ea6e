import { printJson } from '../iceberg/json.ts'
import type { Chain } from '../query/conversation/chains.ts'
import type { SessionHead } from '../query/conversation/conversation.ts'
import type { Entry } from '../query/conversation/entries.ts'

/** The one JSON document of a conversation, in pieces: it may be longer than memory. */
export async function* conversationDocument(
  head: SessionHead,
  chains: readonly Chain[],
  entries: AsyncIterable<Entry>,
): AsyncGenerator<string> {
  const { models, lastShared, ...session } = head
  const document = {
    formatVersion: 1,
    session: { ...session, models: models === null ? [] : models.split(', '), lastShared },
    chains: chains.map(chainOf),
  }
  yield `${printJson(document).slice(0, -1)},"messages":[`
  let message: readonly Entry[] = []
  let isFirst = true
  for await (const entry of entries) {
    const [before] = message
    if (before !== undefined && (before.message !== entry.message || before.chain !== entry.chain)) {
      yield `${isFirst ? '' : ','}\n${printJson(messageOf(message as readonly [Entry, ...Entry[]]))}`
      isFirst = false
      message = []
    }
    message = [...message, entry]
  }
  if (message.length > 0)
    yield `${isFirst ? '' : ','}\n${printJson(messageOf(message as readonly [Entry, ...Entry[]]))}`
  yield '\n]}\n'
}

function chainOf({ thread, agent, type, description, spawnedBy, startedAt, messages, sideCall, depth }: Chain): object {
  return { thread, agent, type, description, spawnedBy, startedAt, messages, sideCall, depth }
}

function messageOf(parts: readonly [Entry, ...Entry[]]): object {
  const [{ chain, inline, message, index, at, role, model }] = parts
  return { chain, inline, id: message, index, at, role, model, parts: parts.map(partOf) }
}

function partOf({ part, kind, type, native, text, tool, call, args, resultFor, isError, compaction }: Entry): object {
  return { index: part, kind, type, native, text, tool, call, args, resultFor, isError, compaction }
}
