import { join, resolve, sep } from 'node:path'
import { clientDirectory } from '../client-directory.ts'
import { findHistories } from '../find.ts'
import type { History, HistoryPlaces, Whereabouts } from '../source.ts'

/** Files of other contents that lie among the transcripts. */
const otherFiles: ReadonlySet<string> = new Set(['journal.jsonl', 'history.jsonl', 'audit.jsonl'])

/** Directories inside a project that hold other things. */
const otherDirectories: ReadonlySet<string> = new Set(['tool-results', 'memory'])

/** Where Claude Code may keep transcripts: in what is named or in CLAUDE_CONFIG_DIR, else in both of its usual places. */
export function claudeRoots(where: Whereabouts): readonly string[] {
  if ((where.directory ?? '') !== '') return [join(clientDirectory(where.directory ?? '', ['projects']), 'projects')]
  const configured = where.env['CLAUDE_CONFIG_DIR']
  if (configured !== undefined && configured !== '') return [resolve(configured, 'projects')]
  return [join(where.home, '.claude', 'projects'), join(where.home, '.config', 'claude', 'projects')]
}

/**
 * Where Claude Desktop keeps a Claude directory for each of its sessions, some levels down. The paths are those of
 * macOS; elsewhere they lead nowhere. A directory that was named is all that is looked at.
 */
function desktopRoots(where: Whereabouts): readonly string[] {
  if ((where.directory ?? where.env['CLAUDE_CONFIG_DIR'] ?? '') !== '') return []
  const support = join(where.home, 'Library', 'Application Support')
  return ['Claude', 'Claude-3p', join('Claude', 'Claude-3p')].map(name =>
    join(support, name, 'local-agent-mode-sessions'),
  )
}

/** The directories between a Desktop root and `.claude` are a few ids; whatever lies deeper are a user's own files. */
const maxDesktopDepth = 6

/** Directories of a Desktop session that hold what the user and the agent exchange, or programs. */
const desktopOthers: ReadonlySet<string> = new Set(['uploads', 'outputs', 'skills-plugin', 'node_modules'])

/** The same places, for who watches them. */
export function claudePlaces(where: Whereabouts): HistoryPlaces {
  const desktop = desktopRoots(where)
  return {
    roots: [...claudeRoots(where), ...desktop],
    isTranscript: (name, path) => {
      if (!name.endsWith('.jsonl') || otherFiles.has(name)) return false
      const below = desktopPath(desktop, path)
      return below === undefined || isInProjects(below)
    },
    isEntered: (name, depth, path) => {
      const below = desktopPath(desktop, path)
      if (below === undefined) return depth === 0 || !otherDirectories.has(name)
      return isEnteredInDesktop(below)
    },
  }
}

/** Every transcript on this machine, by root. */
export function findClaudeHistories(
  where: Whereabouts,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly History[]> {
  return findHistories(claudePlaces(where), options)
}

/** The names below the Desktop root that a path lies in; undefined elsewhere. */
function desktopPath(roots: readonly string[], path: string): readonly string[] | undefined {
  const root = roots.find(one => path.startsWith(one + sep))
  return root === undefined ? undefined : path.slice(root.length + 1).split(sep)
}

function isInProjects(below: readonly string[]): boolean {
  const claude = below.indexOf('.claude')
  return claude !== -1 && below[claude + 1] === 'projects'
}

function isEnteredInDesktop(below: readonly string[]): boolean {
  const claude = below.indexOf('.claude')
  const name = below.at(-1) ?? ''
  if (claude === -1) return below.length <= maxDesktopDepth && !desktopOthers.has(name)
  if (claude === below.length - 1) return true
  // The names of the projects are any.
  return isInProjects(below) && (below.length <= claude + 3 || !otherDirectories.has(name))
}
