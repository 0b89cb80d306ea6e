import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { linked, node, skipped } from '../chain.ts'
import { answer, exchange, prompt, usageOf } from './lines.ts'
import type { Trap } from './trap.ts'

/** What makes subagents be left out, counted twice or taken for sessions. */
export const agentTraps: Readonly<Record<string, Trap>> = {
  'flat-agent': ({ session, begin }) => {
    const main = begin(session('2.0.42'))
    exchange(main)
    main.out.close(main.ms)
    const agent = begin(main.session, { path: 'agent-0a1b2c3d.jsonl', agent: '0a1b2c3d' })
    exchange(agent)
    agent.out.close(agent.ms)
  },
  'nested-agents': ({ session, begin, pathOf, nameOf, tally }) => {
    const main = begin(session())
    exchange(main)
    main.out.close(main.ms)
    const folder = `${main.session.id}/subagents`
    const agents: Readonly<Record<string, string | undefined>> = {
      a1b2c3d: '{"agentType":"Explore","toolUseId":"toolu_trap","description":"Look","spawnDepth":1}',
      '0123456789abcdef0': undefined,
      'acompact-0a1b2c': undefined,
      'aprompt_suggestion-3d4e5f': undefined,
      'aworker-home': '{"agentType":"general-purpose","name":"worker","teamName":"house"}',
      abadbad: '{"agentType":',
    }
    for (const [id, sidecar] of Object.entries(agents)) {
      const chain = begin(main.session, { path: `${folder}/agent-${id}.jsonl`, agent: id })
      exchange(chain)
      chain.out.close(chain.ms)
      const name = `${folder}/agent-${id}.meta.json`
      if (sidecar !== undefined) writeFileSync(pathOf(name), sidecar)
      if (id === 'abadbad') tally.truth.unreadable.push(nameOf(name))
    }
  },
  // Lines that do not name the agent: their file does.
  'agent-of-file': ({ session, begin }) => {
    const chain = begin(session('2.0.42'), { path: 'agent-0123abcd.jsonl', agent: '0123abcd' })
    const { agentId: _, ...line } = linked(chain, 'user', { message: { role: 'user', content: 'Look for it.' } })
    chain.out.write(line, node(chain, 'user', ['text']))
    chain.out.close(chain.ms)
  },
  workflow: ({ session, begin, pathOf }) => {
    const { id } = session()
    const folder = `${id}/subagents/workflows/wf-trap`
    const chain = begin(
      { ...session(), id },
      { path: `${folder}/agent-0f0f0f0f0f0f0f0f0.jsonl`, agent: '0f0f0f0f0f0f0f0f0' },
    )
    exchange(chain)
    chain.out.close(chain.ms)
    const started = { type: 'started', sessionId: id, message: { role: 'assistant', content: 'No transcript.' } }
    writeFileSync(pathOf(`${folder}/journal.jsonl`), `${JSON.stringify(started)}\n`)
  },
  // Old clients: in the session's own file, without an agent id.
  inline: ({ session, begin }) => {
    const chain = begin(session('1.0.51'))
    exchange(chain)
    const inner = { ...chain, sidechain: true, parent: null }
    prompt(inner, 'Look for it.')
    answer(inner, { id: 'msg_inline', request: 'req_inline', output: 21 })
    chain.ms = inner.ms
    exchange(chain)
    chain.out.close(chain.ms)
  },
  // Progress lines hold copies of what a subagent said and used.
  'agent-progress': ({ session, begin }) => {
    const chain = begin(session('2.1.39'))
    exchange(chain)
    const message = {
      id: 'msg_nested',
      role: 'assistant',
      model: 'claude-example-1',
      content: [{ type: 'text', text: 'Not a message of this file.' }],
      usage: usageOf(5000),
    }
    const data = {
      type: 'agent_progress',
      agentId: 'a1b2c3d',
      message: { type: 'assistant', message, uuid: chain.random.uuid() },
    }
    for (let n = 0; n < 3; n++) chain.out.write(linked(chain, 'progress', { data }), skipped('progress'))
    chain.out.close(chain.ms)
  },
  // A directory that leads back to where it lies, and a transcript under a second name.
  links: ({ session, begin, pathOf }) => {
    const chain = begin(session())
    exchange(chain)
    chain.out.close(chain.ms)
    mkdirSync(dirname(pathOf('around/x')), { recursive: true })
    symlinkSync('..', pathOf('around/again'))
    symlinkSync(`${chain.session.id}.jsonl`, pathOf('second-name.jsonl'))
    symlinkSync('nowhere.jsonl', pathOf('dangling.jsonl'))
  },
}
