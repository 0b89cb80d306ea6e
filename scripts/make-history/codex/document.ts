import { writeCall, writePrompt, writeSaid } from './items.ts'
import { type Rollout, skipped } from './rollout.ts'
import { metaOf } from './turn.ts'

/**
 * A history as one JSON document, `{session, items}`. What is written into it item by item is gathered first: such
 * histories are small.
 * @param indent spaces a level, for a document that was printed to be read
 */
export function writeDocument(rollout: Rollout, bytes: number, indent?: number): void {
  const { file, random, texts, tally } = rollout
  const items: unknown[] = []
  let length = 0
  const gathered: Rollout = {
    ...rollout,
    file: {
      ...file,
      get bytes() {
        return length
      },
      get lines() {
        return items.length
      },
      line: text => {
        items.push(JSON.parse(text))
        length += text.length
      },
    },
  }
  tally.count(skipped('thread-context'), 1)
  do {
    writePrompt(gathered, texts.request(random, random.size(160, 1)))
    for (let steps = random.between(1, 6); steps > 0; steps--) writeCall(gathered)
    writeSaid(gathered, texts.prose(random, 400), 'final_answer')
  } while (gathered.file.bytes < bytes)
  file.raw(JSON.stringify({ session: metaOf(rollout), items }, null, indent))
  rollout.ms = gathered.ms
}
