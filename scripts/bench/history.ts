import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { prose, seeded } from './rows.ts'
import { keptFolder } from './scratch.ts'

const megabytes = 300
const sessionBytes = 2_000_000

/** The configuration directory of a Claude Code that was used a lot: transcripts of several sizes, made up. */
export function bigHistory(): Promise<string> {
  return keptFolder(`history-${megabytes}mb-1`, async folder => {
    for (let session = 0; session * sessionBytes < megabytes * 1e6; session++) writeSession(folder, session)
  })
}

function writeSession(folder: string, session: number): void {
  const random = seeded(session + 1)
  const texts = Array.from({ length: 64 }, () => prose(4096, random))
  const cut = (length: number): string => {
    const text = texts[Math.floor(random() * texts.length)] as string
    return text.slice(Math.floor(random() * 64)).slice(0, Math.floor(length * (0.5 + random())))
  }
  const project = join(folder, 'projects', `-home-somebody-project-${session % 12}`)
  mkdirSync(project, { recursive: true })
  const sessionId = `${hex(session, 8)}-1111-4111-8111-${hex(session * 7919, 12)}`
  const file = openSync(join(project, `${sessionId}.jsonl`), 'w')
  let written = 0
  let parent: string | null = null
  for (let n = 0; written < sessionBytes; n++) {
    const uuid = `${hex(n, 8)}-2222-4222-8222-${hex(session, 12)}`
    const toolId = `toolu_${hex(session, 8)}${hex(n - (n % 4), 12)}`
    const common = {
      parentUuid: parent,
      isSidechain: false,
      userType: 'external',
      cwd: `/home/somebody/project-${session % 12}`,
      sessionId,
      version: '2.1.29',
      gitBranch: 'main',
      uuid,
      timestamp: new Date(1_750_000_000_000 + session * 3_600_000 + n * 1500).toISOString(),
    }
    const assistant = (content: readonly object[]): object => ({
      ...common,
      type: 'assistant',
      requestId: `req_${hex(session, 8)}${hex(n >> 1, 12)}`,
      message: {
        model: 'claude-opus-4-5-20251101',
        id: `msg_${hex(session, 8)}${hex(n >> 1, 12)}`,
        type: 'message',
        role: 'assistant',
        content,
        stop_reason: 'tool_use',
        usage: { input_tokens: n, cache_creation_input_tokens: n, cache_read_input_tokens: 30_000, output_tokens: 99 },
      },
    })
    const lines: Readonly<Record<number, () => object>> = {
      0: () => ({ ...common, type: 'user', message: { role: 'user', content: cut(600) } }),
      1: () => assistant([{ type: 'text', text: cut(1200) }]),
      2: () => assistant([{ type: 'tool_use', id: toolId, name: 'Bash', input: { command: cut(300) } }]),
      3: () => ({
        ...common,
        type: 'user',
        message: { role: 'user', content: [{ tool_use_id: toolId, type: 'tool_result', content: cut(2500) }] },
        toolUseResult: { stdout: cut(1500), stderr: '', interrupted: false },
      }),
    }
    written += writeSync(file, `${JSON.stringify(lines[n % 4]?.())}\n`)
    parent = uuid
  }
  closeSync(file)
}

function hex(n: number, length: number): string {
  return n.toString(16).padStart(length, '0').slice(-length)
}
