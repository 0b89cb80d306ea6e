import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeHistory } from './make-history/history.ts'

/*
 * Writes the history that `hyp demo` shows, as a part of every build:
 *
 *   node make-demo.js DIR
 *
 * `DIR/earlier` is what both clients left, and `DIR/later` what is appended to one of its transcripts when the
 * conversation goes on.
 */

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('name the directory to write to')

const earlier = join(directory, 'earlier')
// With this seed there are a fork and subagents of both clients, and models with a price and without.
await makeHistory({ directory: earlier, claude: 150_000, claudeFiles: 10, codex: 150_000, codexFiles: 5, seed: 5035 })
// Nobody lists hidden folders of what was kept to be looked at.
for (const client of ['claude', 'codex']) renameSync(join(earlier, `.${client}`), join(earlier, client))
const path = newestTranscript(join(earlier, 'claude/projects'))
const lines = readFileSync(path, 'utf8').split(/(?<=\n)/)
const last = lines.findLastIndex(isPrompt)
write(path, lines.slice(0, last))
write(join(directory, 'later', path.slice(earlier.length)), lines.slice(last))

/** Of a conversation itself: those of its subagents are a folder deeper. */
function newestTranscript(projects: string): string {
  const paths = readdirSync(projects)
    .flatMap(project => readdirSync(join(projects, project)).map(name => join(projects, project, name)))
    .filter(name => name.endsWith('.jsonl'))
  const [newest] = paths.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  return newest as string
}

function isPrompt(text: string): boolean {
  const line = JSON.parse(text) as { type: string; message?: { content: unknown } }
  return line.type === 'user' && typeof line.message?.content === 'string'
}

function write(file: string, content: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content.join(''))
}
