import type { Price } from './price.ts'

/*
 * List prices of the providers' own interfaces, as their public pages gave them in 2026:
 * platform.claude.com/docs/en/about-claude/pricing and the pages of the models there (cache writes are 1.25 times the
 * price of input, for an hour twice, reads a tenth of it), developers.openai.com/api/docs/models. A model is here only
 * where its page gave all that is needed, and only one price over its whole life. Discounts, batches, fast modes and
 * subscriptions are not in them.
 */

const opus = { input: 15, output: 75, cacheWrite: 18.75, cacheWrite1h: 30, cacheRead: 1.5 }
const laterOpus = { input: 5, output: 25, cacheWrite: 6.25, cacheWrite1h: 10, cacheRead: 0.5 }
const sonnet = { input: 3, output: 15, cacheWrite: 3.75, cacheWrite1h: 6, cacheRead: 0.3 }
const laterSonnet = { input: 2, output: 10, cacheWrite: 2.5, cacheWrite1h: 4, cacheRead: 0.2 }

/** Sonnet costs more beyond this where it takes more at all. */
const upToInputTokens = 200_000

export const builtinPrices: readonly Price[] = [
  ...dated('claude-3-opus', opus),
  ...dated('claude-opus-4', opus),
  ...dated('claude-opus-4-1', opus),
  ...['claude-opus-4-5', 'claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-4-8', 'claude-opus-5'].flatMap(model =>
    dated(model, laterOpus),
  ),
  ...dated('claude-3-5-sonnet', sonnet),
  ...dated('claude-3-7-sonnet', sonnet),
  ...dated('claude-sonnet-4', { ...sonnet, upToInputTokens }),
  ...dated('claude-sonnet-4-5', { ...sonnet, upToInputTokens }),
  ...dated('claude-sonnet-4-6', { ...sonnet, upToInputTokens }),
  ...dated('claude-sonnet-5', laterSonnet),
  ...dated('claude-3-5-haiku', { input: 0.8, output: 4, cacheWrite: 1, cacheWrite1h: 1.6, cacheRead: 0.08 }),
  ...dated('claude-haiku-4-5', { input: 1, output: 5, cacheWrite: 1.25, cacheWrite1h: 2, cacheRead: 0.1 }),
  { model: 'gpt-5-codex', input: 1.25, output: 10, cacheRead: 0.125 },
  { model: 'codex-mini-latest', input: 1.5, output: 6, cacheRead: 0.375 },
]

/** A model under its plain name and with the day of its release behind it; `claude-opus-5-5` is another than 5. */
function dated(model: string, price: Omit<Price, 'model'>): Price[] {
  return [model, `${model}-20*`].map(name => ({ model: name, ...price }))
}
