import { type Chain, type Line, linked, node, row, skipped, time } from './chain.ts'

/** What begins a turn: mostly a prompt of a person, with what clients write around it. */
export function writePrompt(chain: Chain): void {
  const { random, texts, session, out } = chain
  const { version } = session
  if (random.chance(0.04)) writeCommand(chain)
  if (random.chance(0.02))
    writeUser(chain, `<ide_opened_file>The user opened /home/ada/notes.md in the IDE.</ide_opened_file>`)
  if (version < 2_000_000 && random.chance(0.03))
    writeUser(chain, 'Caveat: The messages below were made while running local commands.', { isMeta: true })
  const prompt = texts.request(random, random.size(180, 1.1))
  if (version >= 2_001_000 && random.chance(0.25)) {
    const moment = { timestamp: time(chain), sessionId: session.id }
    out.write({ type: 'queue-operation', operation: 'enqueue', ...moment, content: prompt }, skipped('queue-operation'))
    out.write({ type: 'queue-operation', operation: 'dequeue', ...moment }, skipped('queue-operation'))
  }
  if (random.chance(0.025)) {
    const data = texts.base64(random, Math.min(random.size(120_000, 0.7), 1_500_000))
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
    out.write(
      user(chain, [image, { type: 'text', text: prompt }]),
      node(chain, 'user', ['image', 'text'], human(chain)),
    )
  } else out.write(user(chain, prompt), node(chain, 'user', ['text'], human(chain)))
  if (version >= 1_000_110 && random.chance(0.5)) writeFileHistory(chain)
  if (version >= 2_001_000) for (let n = random.between(0, 3); n > 0; n--) writeAttachment(chain)
}

/** A prompt that an agent was given. */
export function writeTask(chain: Chain, prompt: string): void {
  chain.out.write(user(chain, prompt), node(chain, 'user', ['text']))
}

function human({ sidechain }: Chain): { readonly prompt: boolean } {
  return { prompt: !sidechain }
}

function user(chain: Chain, content: unknown, more: Line = {}): Line {
  const { random } = chain
  const { version } = chain.session
  return linked(chain, 'user', {
    message: { role: 'user', content },
    ...(version >= 1_000_117 && version <= 2_001_161 ? { thinkingMetadata: { level: 'high', disabled: false } } : {}),
    ...(version >= 2_001_015 ? { permissionMode: random.pick(['default', 'acceptEdits', 'plan']) } : {}),
    ...(version >= 2_001_088 ? { promptId: random.uuid(), promptSource: 'typed' } : {}),
    ...more,
  })
}

/** A user line that no person wrote. */
export function writeUser(chain: Chain, content: string, more: Line = {}): void {
  chain.out.write(user(chain, content, more), node(chain, 'user', ['text']))
}

function writeCommand(chain: Chain): void {
  const { session, out } = chain
  const text = '<command-name>/model</command-name>\n<command-message>model</command-message>'
  if (session.version >= 2_001_038) {
    const line = linked(chain, 'system', { subtype: 'local_command', content: text, level: 'info', isMeta: false })
    return out.write(line, row(chain))
  }
  writeUser(chain, text)
  writeUser(chain, '<local-command-stdout>Set the model.</local-command-stdout>')
}

function writeFileHistory(chain: Chain): void {
  const { random, out } = chain
  const backups = Array.from({ length: random.between(0, 12) }, (_, n) => [
    `src/${random.hex(6)}/${n}.ts`,
    { backupFileName: `${random.hex(16)}@v1`, version: 1, backupTime: time(chain) },
  ])
  const messageId = chain.parent
  const snapshot = { messageId, trackedFileBackups: Object.fromEntries(backups) as Line, timestamp: time(chain) }
  out.write({ type: 'file-history-snapshot', messageId, snapshot, isSnapshotUpdate: false }, skipped('file-history'))
}

function writeAttachment(chain: Chain): void {
  const { random, texts, out } = chain
  const kinds: readonly (() => Line)[] = [
    () => ({
      type: 'hook_success',
      hookEvent: 'UserPromptSubmit',
      hookName: 'UserPromptSubmit',
      content: '',
      stdout: texts.output(random, 200),
      stderr: '',
      exitCode: 0,
    }),
    () => ({ type: 'hook_additional_context', hookEvent: 'SessionStart', content: [texts.prose(random, 300)] }),
    () => ({ type: 'skill_listing', content: texts.prose(random, 900), skillCount: 12 }),
    () => ({ type: 'todo_reminder', content: [], itemCount: 0 }),
    () => ({ type: 'edited_text_file', filename: '/home/ada/notes.md', snippet: texts.output(random, 600) }),
    () => ({ type: 'deferred_tools_delta', addedNames: ['CronCreate', 'CronDelete'], removedNames: [] }),
  ]
  if (random.chance(0.06)) {
    const attachment = { type: 'queued_command', prompt: texts.request(random, 160), commandMode: 'prompt' }
    return out.write(linked(chain, 'attachment', { attachment }), row(chain, true))
  }
  out.write(linked(chain, 'attachment', { attachment: random.pick(kinds)() }), row(chain))
}
