import type { Price } from '../prices/price.ts'
import { quoteText } from '../quote.ts'

/** The cost of an answer in US dollars as an expression over the columns of the view `usage`; null where unknown. */
export function costSql(prices: readonly Price[]): string {
  if (prices.length === 0) return 'CAST(NULL AS DOUBLE)'
  const cases = prices.map(price => `\n    WHEN ${fits(price)} THEN (${amount(price)}) / 1000000`)
  return `CAST(CASE WHEN input_tokens IS NULL OR output_tokens IS NULL THEN NULL${cases.join('')} END AS DOUBLE)`
}

function fits({ model, upToInputTokens }: Price): string {
  const limit = upToInputTokens === undefined ? '' : ` AND prompt_tokens <= ${upToInputTokens}`
  if (!model.includes('*')) return `model = ${quoteText(model)}${limit}`
  const pattern = model.replaceAll(/[\\%_]/g, '\\$&').replaceAll('*', '%')
  return `model LIKE ${quoteText(pattern)}${pattern.includes('\\') ? ` ESCAPE '\\'` : ''}${limit}`
}

function amount({ input, output, cacheWrite, cacheWrite1h, cacheRead }: Price): string {
  const longer = 'COALESCE(cache_creation_1h_input_tokens, 0)'
  const written = 'COALESCE(cache_creation_input_tokens, 0)'
  return [
    `uncached_input_tokens * ${numberSql(input)}`,
    `output_tokens * ${numberSql(output)}`,
    times(`(${written} - ${longer})`, cacheWrite),
    times(longer, cacheWrite1h),
    times('COALESCE(cache_read_input_tokens, 0)', cacheRead),
  ].join(' + ')
}

/** Tokens without a price make the cost unknown, unless there are none. */
function times(tokens: string, price: number | undefined): string {
  return price === undefined ? `CASE WHEN ${tokens} = 0 THEN 0 END` : `${tokens} * ${numberSql(price)}`
}

/** Never in a form that SQL does not take for a double. */
function numberSql(value: number): string {
  return value.toExponential()
}
