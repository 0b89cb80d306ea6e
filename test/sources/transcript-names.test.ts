import { expect, test } from 'vitest'
import { transcriptNames } from '../../src/sources/transcript-names.ts'

const thread = '0198c0de-0000-7000-8000-00000000000a'

test.each([
  ['a session of Claude', `/c/projects/p/${thread}.jsonl`],
  ['the folder of its subagents', `/c/projects/p/${thread}/subagents/agent-0123456.jsonl`],
  ['a rollout', `/x/sessions/2026/11/22/rollout-2026-11-22T09-00-00-${thread}.jsonl`],
  ['a compressed rollout', `/x/archived_sessions/rollout-2026-11-22T09-00-00-${thread}.jsonl.zst`],
  ['a rollout of the first clients, of a day', `/x/sessions/rollout-2025-04-17-${thread}.json`],
])('%s tells whose it is', (_, path) => {
  expect(transcriptNames(path)).toContain(thread)
})

test('a name that is no thread is told as it stands', () => {
  expect(transcriptNames('/c/projects/p/notes.jsonl')).toEqual(['notes'])
  expect(transcriptNames('/x/sessions/rollout-2026-11-22T09-00-00-mine.jsonl')).toContain('mine')
})
