import { HypError } from '../../errors.ts'
import { currentSchema } from '../../iceberg/ids.ts'
import { openConversation } from '../../query/conversation/conversation.ts'
import { findSession } from '../../query/conversation/find-session.ts'
import { messageTable } from '../../query/conversation/message-table.ts'
import { builtinPrices } from '../../query/prices/builtin-prices.ts'
import { openQuerySession } from '../../query/session.ts'
import { builtinTable } from '../../schema/builtin.ts'
import type { CommandContext } from '../context.ts'
import { conversationDocument } from '../conversation-document.ts'
import type { OptionValues } from '../option.ts'
import { loadPrices } from '../prices.ts'
import { queryTables } from '../query-tables.ts'
import { conversationText } from '../render/conversation.ts'
import { visible } from '../render/visible.ts'

/** Characters of a text of which no more than some lines are shown. */
const cut = 8_000

/** Shows a session as a person reads it, or whole as JSON. Takes no lock. */
export async function runShow(context: CommandContext, options: OptionValues, given: string): Promise<number> {
  const { io, home } = context
  const prices = await loadPrices(home)
  const { tables, absent, notices, folder, close } = await queryTables(context, [builtinTable])
  try {
    const table = tables.find(({ name }) => name === builtinTable)
    if (table === undefined) throw absent.find(({ name }) => name === builtinTable)?.error ?? notThere()
    for (const { text, command } of notices) io.stderr(`${visible(text)}\nhint: ${context.pasteable(command)}\n`)
    const limits = { signal: io.signal }
    // A session may be longer than memory: what has to be sorted is written down beside the rows on their way.
    const query = await openQuerySession({
      tables: { [builtinTable]: table },
      prices,
      memoryLimit: '512MB',
      spillDirectory: await folder(),
    })
    try {
      const columns = currentSchema(table.metadata).fields.map(field => field.name)
      const messages = messageTable(columns, [...prices, ...builtinPrices])
      const place = await findSession(query, messages, given, limits)
      const { head, chains, entries } = await openConversation(query, messages, place, limits)
      if (options['json'] === true) {
        for await (const piece of conversationDocument(head, chains, entries())) await io.stdout(piece)
        return 0
      }
      const full = options['full'] === true
      const text = conversationText(head, chains, {
        width: Math.max(io.columns, 40),
        full,
        dims: io.stdoutIsTerminal && (io.env['NO_COLOR'] ?? '') === '',
      })
      await io.stdout(lines(text.head()))
      for await (const entry of entries(full ? {} : { cut })) {
        const told = text.entry(entry)
        if (told.length > 0) await io.stdout(lines(told))
      }
      await io.stdout(lines(text.end()))
      return 0
    } finally {
      await query.close()
    }
  } finally {
    await close()
  }
}

function lines(told: readonly string[]): string {
  return told.map(line => `${line}\n`).join('')
}

function notThere(): HypError {
  return new HypError('TABLE_NOT_FOUND', `There is no table ${builtinTable} in the home.`)
}
