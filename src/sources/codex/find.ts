import { basename, dirname, join, resolve, sep } from 'node:path'
import { clientDirectory } from '../client-directory.ts'
import { findHistories } from '../find.ts'
import type { History, HistoryFile, HistoryPlaces, Whereabouts } from '../source.ts'
import { rolloutFormat } from './file-name.ts'

/** Where Codex keeps rollouts: under what is named or CODEX_HOME, else under its usual place; archived ones apart. */
export function codexRoots(where: Whereabouts): readonly string[] {
  return inner.map(name => join(codexHome(where), name))
}

const inner = ['sessions', 'archived_sessions'] as const

function codexHome({ directory = '', env, home }: Whereabouts): string {
  if (directory !== '') return clientDirectory(directory, inner)
  const configured = env['CODEX_HOME'] ?? ''
  return configured === '' ? join(home, '.codex') : resolve(configured)
}

/** The same places, for who watches them. */
export function codexPlaces(where: Whereabouts): HistoryPlaces {
  return { roots: codexRoots(where), isTranscript: name => rolloutFormat(name) !== undefined, isEntered: () => true }
}

/** Every rollout on this machine, by root. Of a file that lies there plain and compressed, the plain one. */
export async function findCodexHistories(
  where: Whereabouts,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly History[]> {
  const histories = await findHistories(codexPlaces(where), options)
  return histories.map(withoutTwins)
}

/** Where the client may have put a rollout that is not in its place any more: compressed, archived, or both. */
export function laterPlaces(path: string): readonly string[] {
  const name = basename(path)
  const [sessions, archived] = inner.map(folder => `${sep}${folder}${sep}`) as [string, string]
  const at = path.lastIndexOf(sessions)
  const here = at === -1 ? [] : [path.slice(0, at) + archived + name]
  return name.endsWith('.zst') ? here : [`${path}.zst`, ...here, ...here.map(place => `${place}.zst`)]
}

/** The client compresses into a second file and then deletes the first: while both exist, only the plain one is whole. */
function withoutTwins(history: History): History {
  const plain = new Set(history.files.map(file => file.path))
  const files = history.files.filter(file => !isTwin(file, plain))
  return { ...history, files, bytes: files.reduce((sum, file) => sum + file.size, 0) }
}

function isTwin({ path }: HistoryFile, all: ReadonlySet<string>): boolean {
  return path.endsWith('.zst') && all.has(join(dirname(path), basename(path, '.zst')))
}
