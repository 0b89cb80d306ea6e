import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Machine, machine } from '../support/home.ts'
import { addLines, line } from '../support/transcripts.ts'

/** Several batches, so that some are committed and some are not, and enough that two threads share the files. */
function addLargeHistory(claude: string): void {
  const text = 'so much is said here that a batch is full soon. '.repeat(120)
  for (let session = 0; session < 30; session++) {
    const lines = Array.from({ length: 400 }, (_, n) => {
      const base = line(`s${session}`, n) as { message: object }
      return { ...base, message: { ...base.message, content: [{ type: 'text', text: `${n} ${text}` }] } }
    })
    // The beginning of the session before, once more, as it stands where a conversation was taken up again.
    const copied = session === 0 ? [] : lines.slice(0, 20).map((_, n) => line(`s${session - 1}`, n))
    addLines(claude, `s${String(session).padStart(2, '0')}`, [...copied, ...lines, { type: 'progress' }])
  }
}

/** Everything that is in the table and does not depend on when it came there. */
function contents(here: Machine): Promise<Record<string, unknown>[]> {
  return here.query(
    `SELECT count(*) AS n, count(DISTINCT session_id || part_id) AS keys,
       md5(string_agg(concat_ws('|', session_id, part_id, message_index, content_text, attributes),
         '' ORDER BY session_id, part_id)) AS digest
     FROM ai_gateway_messages`,
  )
}

test.each([['SIGKILL'], ['SIGINT']] as const)(
  'a backfill that is ended by %s again and again comes to the same as one that is not',
  async signal => {
    const undisturbed = machine()
    const here = machine()
    for (const each of [undisturbed, here]) addLargeHistory(each.claude)
    expect((await undisturbed.hyp('backfill')).status).toBe(0)
    const expected = await contents(undisturbed)
    for (const waitMs of [0, 400, 1000]) {
      const running = here.start('backfill')
      await running.until('it found the history', () => running.stderr().includes('history '))
      await new Promise(resolve => setTimeout(resolve, waitMs))
      running.kill(signal)
      await running.ended
    }
    expect((await here.hyp('backfill')).status).toBe(0)
    expect(await contents(here)).toEqual(expected)
    expect((await here.hyp('table', 'verify')).status).toBe(0)
    const again = await here.json('backfill', '--json')
    expect(again).toMatchObject({ files: 30, unchanged: 30, commits: 0 })
    // And what comes then goes in like everywhere.
    appendFileSync(join(here.claude, 'projects/-somewhere/s29.jsonl'), `${JSON.stringify(line('s29', 400))}\n`)
    expect(await here.json('backfill', '--json')).toMatchObject({ unchanged: 29, rows: 1 })
  },
)
