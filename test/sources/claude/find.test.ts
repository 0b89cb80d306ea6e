import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { claudeRoots, findClaudeHistories } from '../../../src/sources/claude/find.ts'
import type { History } from '../../../src/sources/source.ts'
import { asOrdinaryUser, tree } from './transcript.ts'

const projects = '.claude/projects'

async function found(home: string, env: Record<string, string> = {}): Promise<readonly History[]> {
  return findClaudeHistories({ home, env })
}

function names(home: string, histories: readonly History[]): string[] {
  return histories.flatMap(history => history.files.map(file => relative(home, file.path)))
}

test('transcripts are looked for in both usual places, or only where CLAUDE_CONFIG_DIR says', () => {
  expect(claudeRoots({ home: '/h', env: {} })).toEqual(['/h/.claude/projects', '/h/.config/claude/projects'])
  expect(claudeRoots({ home: '/h', env: { CLAUDE_CONFIG_DIR: '' } })).toHaveLength(2)
  expect(claudeRoots({ home: '/h', env: { CLAUDE_CONFIG_DIR: '/else' } })).toEqual(['/else/projects'])
})

test('the directory of the projects is as good as the one it lies in, which may be called the same', async () => {
  const home = await tree({ 'projects/-p/a.jsonl': 'four', 'projects/projects/-q/b.jsonl': '' })
  const foundIn = async (directory: string): Promise<string[]> =>
    names(home, await findClaudeHistories({ home: '/nowhere', env: {}, directory }))
  expect(await foundIn(join(home, 'projects/projects/'))).toEqual(['projects/projects/-q/b.jsonl'])
  expect(await foundIn(join(home, 'projects'))).toEqual(['projects/projects/-q/b.jsonl'])
  const other = await tree({ 'projects/-p/a.jsonl': 'four' })
  const [history] = await findClaudeHistories({ home: '/nowhere', env: {}, directory: join(other, 'projects') })
  expect(history).toMatchObject({
    root: join(other, 'projects'),
    files: [{ path: join(other, 'projects/-p/a.jsonl') }],
  })
})

test('a place that does not exist is no history', async () => {
  const home = await tree({ [`${projects}/-p/a.jsonl`]: 'four' })
  const histories = await found(home)
  expect(histories.map(history => history.root)).toEqual([join(home, projects)])
  expect(histories[0]).toMatchObject({ bytes: 4, unreadable: [], files: [{ size: 4 }] })
  expect(await found(join(home, 'nobody'))).toEqual([])
})

test('sessions and subagents of all three layouts are found, in the order of their paths', async () => {
  const home = await tree({
    [`${projects}/-p/s1/subagents/workflows/wf_1/agent-aworker-1234.jsonl`]: '',
    [`${projects}/-p/s1/subagents/agent-a1b2c3d.jsonl`]: '',
    [`${projects}/-p/agent-0a1b2c3d.jsonl`]: '',
    [`${projects}/-p/s1.jsonl`]: '',
    [`${projects}/-P/s0.jsonl`]: '',
    '.config/claude/projects/-p/s2.jsonl': '',
  })
  expect(names(home, await found(home))).toEqual([
    `${projects}/-P/s0.jsonl`,
    `${projects}/-p/agent-0a1b2c3d.jsonl`,
    `${projects}/-p/s1.jsonl`,
    `${projects}/-p/s1/subagents/agent-a1b2c3d.jsonl`,
    `${projects}/-p/s1/subagents/workflows/wf_1/agent-aworker-1234.jsonl`,
    '.config/claude/projects/-p/s2.jsonl',
  ])
})

test('files of other contents are left alone', async () => {
  const home = await tree({
    '.claude/history.jsonl': '',
    [`${projects}/-p/history.jsonl`]: '',
    [`${projects}/-p/audit.jsonl`]: '',
    [`${projects}/-p/sessions-index.json`]: '',
    [`${projects}/-p/s1/subagents/agent-a1.meta.json`]: '',
    [`${projects}/-p/s1/subagents/workflows/wf_1/journal.jsonl`]: '',
    [`${projects}/-p/s1/tool-results/output.jsonl`]: '',
    [`${projects}/-p/memory/notes.jsonl`]: '',
    [`${projects}/memory/s1.jsonl`]: '',
  })
  await mkdir(join(home, projects, '-p/directory.jsonl'))
  expect(names(home, await found(home))).toEqual([`${projects}/memory/s1.jsonl`])
})

const desktop = 'Library/Application Support'

test('what Claude Desktop keeps for each of its sessions is found, and nothing of what a user works on there', async () => {
  const sessions = (app: string): string => `${desktop}/${app}/local-agent-mode-sessions`
  const home = await tree({
    [`${sessions('Claude')}/o1/a1/local_1/.claude/projects/-p/s1.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/.claude/projects/-p/s1/subagents/agent-a1.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/.claude/projects/memory/s2.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/agent/local_ditto_1/.claude/projects/-p/s3.jsonl`]: '',
    [`${sessions('Claude-3p')}/o1/a1/local_2/.claude/projects/-p/s4.jsonl`]: '',
    [`${sessions('Claude/Claude-3p')}/o1/a1/local_3/.claude/projects/-p/s5.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/.claude/projects/-p/memory/notes.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/.claude/history.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/.claude/todos/t.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/audit.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/outputs/data.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/uploads/x/.claude/projects/-p/theirs.jsonl`]: '',
    [`${sessions('Claude')}/o1/a1/local_1/training.jsonl`]: '',
    [`${sessions('Claude')}/skills-plugin/o1/skills/s/.claude/projects/-p/s6.jsonl`]: '',
  })
  const histories = await found(home)
  expect(histories.map(history => relative(home, history.root))).toEqual(
    ['Claude', 'Claude-3p', 'Claude/Claude-3p'].map(sessions),
  )
  expect(names(home, histories)).toEqual([
    `${sessions('Claude')}/o1/a1/agent/local_ditto_1/.claude/projects/-p/s3.jsonl`,
    `${sessions('Claude')}/o1/a1/local_1/.claude/projects/-p/s1.jsonl`,
    `${sessions('Claude')}/o1/a1/local_1/.claude/projects/-p/s1/subagents/agent-a1.jsonl`,
    `${sessions('Claude')}/o1/a1/local_1/.claude/projects/memory/s2.jsonl`,
    `${sessions('Claude-3p')}/o1/a1/local_2/.claude/projects/-p/s4.jsonl`,
    `${sessions('Claude/Claude-3p')}/o1/a1/local_3/.claude/projects/-p/s5.jsonl`,
  ])
})

test('a directory that was named is all that is looked at', async () => {
  const home = await tree({
    [`${desktop}/Claude/local-agent-mode-sessions/o1/.claude/projects/-p/s1.jsonl`]: '',
    [`${projects}/-p/s2.jsonl`]: '',
    'named/projects/-p/s3.jsonl': '',
  })
  expect(names(home, await found(home, { CLAUDE_CONFIG_DIR: join(home, 'named') }))).toEqual([
    'named/projects/-p/s3.jsonl',
  ])
  const named = await findClaudeHistories({ home, env: {}, directory: join(home, 'named') })
  expect(names(home, named)).toEqual(['named/projects/-p/s3.jsonl'])
})

test('links are followed, and what they lead to is listed once, also when they go in a circle', async () => {
  const home = await tree({ [`${projects}/-p/s1.jsonl`]: '', 'elsewhere/s2.jsonl': '', 'elsewhere/s3.jsonl': '' })
  const at = (name: string): string => join(home, projects, name)
  await symlink(join(home, 'elsewhere'), at('-q'))
  await symlink(join(home, 'elsewhere'), at('-r'))
  await symlink(join(home, projects), at('-p/up'))
  await symlink(at('-p/s1.jsonl'), at('-p/s9.jsonl'))
  await symlink(join(home, 'gone'), at('-p/gone.jsonl'))
  await mkdir(join(home, '.config'))
  await symlink(join(home, '.claude'), join(home, '.config/claude'))
  const histories = await found(home)
  expect(histories).toHaveLength(1)
  expect(names(home, histories)).toEqual([
    `${projects}/-p/s1.jsonl`,
    `${projects}/-q/s2.jsonl`,
    `${projects}/-q/s3.jsonl`,
  ])
})

test('what cannot be read is reported, and the rest is found', async () => {
  const home = await tree({ [`${projects}/-p/s1.jsonl`]: '' })
  const loop = join(home, projects, '-p/loop')
  await symlink(loop, loop)
  const [history] = await found(home)
  expect(history?.files).toHaveLength(1)
  expect(history?.unreadable).toEqual([{ path: loop, reason: 'its symbolic links go in a circle' }])
})

// Other systems take no such names.
test.runIf(process.platform === 'linux')(
  'what has a name that is not UTF-8 is reported, and the rest is found',
  async () => {
    const home = await tree({ [`${projects}/-p/a.jsonl`]: 'four' })
    const named = (before: string, after = ''): Buffer =>
      Buffer.concat([Buffer.from(join(home, projects, before)), Buffer.from([0xff]), Buffer.from(after)])
    await writeFile(named('-p/b', '.jsonl'), 'four')
    await writeFile(named('-p/c', '.txt'), 'four')
    await mkdir(named('-q'))
    const histories = await found(home)
    expect(names(home, histories)).toEqual([`${projects}/-p/a.jsonl`])
    expect(histories[0]?.unreadable).toEqual(
      ['-p/b\ufffd.jsonl', '-q\ufffd'].map(name => ({
        path: join(home, projects, name),
        reason: 'its name is not UTF-8',
      })),
    )
  },
)

test('a directory without permission is reported, and the rest is found', async () => {
  const home = await tree({ [`${projects}/-p/s1.jsonl`]: '', [`${projects}/-q/s2.jsonl`]: '' })
  const closed = join(home, projects, '-p')
  await chmod(home, 0o755)
  await chmod(closed, 0)
  onTestFinished(() => chmod(closed, 0o700))
  const [history] = await asOrdinaryUser(() => found(home))
  expect(history?.files).toHaveLength(1)
  expect(history?.unreadable).toEqual([{ path: closed, reason: 'permission denied' }])
})

test('a place that is no directory is reported', async () => {
  const home = await tree({ '.claude/settings.json': '{}' })
  await writeFile(join(home, projects), '')
  expect((await found(home))[0]?.unreadable).toEqual([{ path: join(home, projects), reason: 'it is not a directory' }])
})

test('looking can be stopped', async () => {
  const home = await tree({ [`${projects}/-p/s1.jsonl`]: '' })
  await expect(
    findClaudeHistories({ home, env: {} }, { signal: AbortSignal.abort(new Error('enough')) }),
  ).rejects.toThrow('enough')
})
