import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { History, HistoryFile, Unreadable, Whereabouts } from '../source.ts'
import { systemCode, unreadable } from '../unreadable.ts'

/** Files of other contents that lie among the transcripts. */
const otherFiles: ReadonlySet<string> = new Set(['journal.jsonl', 'history.jsonl', 'audit.jsonl'])

/** Directories inside a project that hold other things. */
const otherDirectories: ReadonlySet<string> = new Set(['tool-results', 'memory'])

/** Where Claude Code may keep transcripts: in what is named or in CLAUDE_CONFIG_DIR, else in both of its usual places. */
export function claudeRoots(where: Whereabouts): readonly string[] {
  const configured = where.directory ?? where.env['CLAUDE_CONFIG_DIR']
  if (configured !== undefined && configured !== '') return [resolve(configured, 'projects')]
  return [join(where.home, '.claude', 'projects'), join(where.home, '.config', 'claude', 'projects')]
}

/**
 * Every transcript on this machine, by root; a root that does not exist has no entry. Each directory and file is
 * listed once, however many links lead to it. What cannot be read is reported, not thrown.
 */
export async function findClaudeHistories(
  where: Whereabouts,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly History[]> {
  const seen = new Set<string>()
  const histories: History[] = []
  for (const root of claudeRoots(where)) {
    const found: Found = { files: [], unreadable: [], seen, signal: options.signal }
    if (!(await walk(root, 0, found))) continue
    const files = found.files.sort(byPath)
    const bytes = files.reduce((sum, file) => sum + file.size, 0)
    histories.push({ root, files, bytes, unreadable: found.unreadable.sort(byPath) })
  }
  return histories
}

interface Found {
  readonly files: HistoryFile[]
  readonly unreadable: Unreadable[]
  /** Real paths of the directories and files listed already. */
  readonly seen: Set<string>
  readonly signal: AbortSignal | undefined
}

/** False when the directory does not exist or was listed already. */
async function walk(directory: string, depth: number, found: Found): Promise<boolean> {
  found.signal?.throwIfAborted()
  let entries: Dirent[]
  try {
    if (!(await isNew(directory, found))) return false
    entries = await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    found.unreadable.push(unreadable(directory, error))
    return true
  }
  // In a fixed order, so that of two links to the same directory it is always the same one that counts.
  for (const entry of entries.sort((a, b) => compare(a.name, b.name))) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await enter(path, entry.name, depth, found)
    else if (entry.isFile() && isTranscript(entry.name)) await add(path, entry.name, depth, found)
    else if (entry.isSymbolicLink()) await add(path, entry.name, depth, found)
  }
  return true
}

async function enter(path: string, name: string, depth: number, found: Found): Promise<void> {
  if (depth === 0 || !otherDirectories.has(name)) await walk(path, depth + 1, found)
}

/** Lists a file, or what a symbolic link leads to. */
async function add(path: string, name: string, depth: number, found: Found): Promise<void> {
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) return await enter(path, name, depth, found)
    if (!stats.isFile() || !isTranscript(name) || !(await isNew(path, found))) return
    found.files.push({ path, size: stats.size, mtimeMs: stats.mtimeMs })
  } catch (error) {
    // The client deletes old transcripts while we look.
    if (systemCode(error) !== 'ENOENT') found.unreadable.push(unreadable(path, error))
  }
}

async function isNew(path: string, found: Found): Promise<boolean> {
  const real = await realpath(path)
  if (found.seen.has(real)) return false
  found.seen.add(real)
  return true
}

function isTranscript(name: string): boolean {
  return name.endsWith('.jsonl') && !otherFiles.has(name)
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return compare(a.path, b.path)
}

/** By code unit: the order must not depend on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
