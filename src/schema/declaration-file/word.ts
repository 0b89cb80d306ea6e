import type { Report } from './document.ts'
import { type Members, readText } from './members.ts'
import { suggestion } from './suggestion.ts'

/**
 * One of a few words, if the member is there; anything else is reported.
 * @param advice what to do about well-known words that are none of them
 */
export function readWord<Word extends string>(
  members: Members,
  key: string,
  words: readonly Word[],
  report: Report,
  advice: Readonly<Record<string, string>> = {},
): Word | undefined {
  const text = readText(members, key, report)
  const word = words.find(candidate => candidate === text)
  const node = members.get(key)?.value
  if (text !== undefined && word === undefined && node !== undefined) {
    const known = words.map(candidate => `"${candidate}"`)
    const close = suggestion(text, words)
    const hint = Object.hasOwn(advice, text)
      ? advice[text]
      : close === undefined
        ? undefined
        : `Did you mean "${close}"?`
    report(
      node,
      'unknown-word',
      `\`${key}\` is ${known.slice(0, -1).join(', ')} or ${known.at(-1)}, not "${text}".`,
      hint,
    )
  }
  return word
}
