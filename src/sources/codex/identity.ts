import { hash } from 'node:crypto'
import { isEmpty, isObject, type JsonObject, text } from '../json.ts'
import type { Occurrences } from '../occurrences.ts'

/**
 * The message id of an item: a digest of its thread, of what makes it the item it is there, and of how often the thread
 * had an equal one before, so that two equal prompts are two messages. Neither the place in the file nor a time enters
 * it: an archived, compressed or rewritten copy gives the same ids and hence no second row.
 */
export function itemId(thread: string, key: string, seen: Occurrences): string {
  const first = digest(thread, key, 0)
  const before = seen.count(first)
  seen.add(first)
  return `item-${before === 0 ? first : digest(thread, key, before)}`
}

/** A digest of an item by itself, the same in every thread. */
export function itemDigest(key: string): string {
  return hash('sha256', key).slice(0, 32)
}

function digest(thread: string, key: string, before: number): string {
  return hash('sha256', `${JSON.stringify([thread, before])}${key}`).slice(0, 32)
}

/**
 * What makes an item the one it is: its kind and its call, else what it says. The id that newer clients give is not
 * taken, because a client that rewrites a history may add it or leave it out.
 */
export function itemKey(item: JsonObject): string {
  const type = text(item['type']) ?? ''
  const name = nameOf(item)
  if (name !== null) return `${type} ${name}`
  if (type === 'message') return `message ${JSON.stringify(item['role'] ?? null)}${saidIn(item['content'])}`
  const own = Object.entries(item).filter(([member]) => !incidental.has(member))
  return `${type} ${JSON.stringify(canonical(Object.fromEntries(own)))}`
}

/**
 * The same within its thread: what may be said again is told apart by its turn. A rewritten history leaves out turns that
 * were taken back, and what a fork copied, so that nothing may depend on how often a text stood in other turns.
 */
export function keyInThread(item: JsonObject, key: string, turnId: string | null): string {
  return turnId === null || nameOf(item) !== null ? key : `turn ${JSON.stringify(turnId)} ${key}`
}

/** What no second item of a thread has; null for an item that is only what it says. */
function nameOf(item: JsonObject): string | null {
  const call = text(item['call_id'])
  if (call !== null) return `call ${call}`
  const encrypted = text(item['encrypted_content'])
  return encrypted === null ? null : `encrypted ${encrypted}`
}

/** What the rewriting of a history may change without changing what was said. */
const incidental: ReadonlySet<string> = new Set([
  'type',
  'id',
  'status',
  'timestamp',
  'metadata',
  'internal_chat_message_metadata_passthrough',
])

/** Texts as texts, whether they stand alone or in a list, and under whatever type; each behind its length. */
function saidIn(content: unknown): string {
  if (!Array.isArray(content)) return isEmpty(content) ? '' : saidBy(content)
  return content.map(saidBy).join('')
}

function saidBy(element: unknown): string {
  const said = isObject(element) ? element['text'] : element
  if (typeof said === 'string') return ` ${said.length}:${said}`
  return ` ${JSON.stringify(canonical(element))}`
}

/** The same JSON value with sorted keys and without empty members. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (!isObject(value)) return value
  const members = Object.entries(value).filter(([, member]) => !isEmpty(member))
  return Object.fromEntries(
    members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, canonical(member)]),
  )
}
