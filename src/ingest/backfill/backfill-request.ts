import { type SourceName, sourceNames } from '../../sources/catalogue.ts'
import type { Whereabouts } from '../../sources/source.ts'

/** The history of one client, or of all that are known. */
export type BackfillScope = SourceName | 'all'

export const backfillScopes: readonly BackfillScope[] = ['all', ...sourceNames]

/** What of the histories is to be loaded. Plain data: it is kept with the task, and enough to do it again. */
export interface BackfillRequest {
  readonly source: BackfillScope
  /** Only messages from then on: a day of UTC or an instant, as is the next. */
  readonly since?: string | undefined
  /** Only messages until then, a day as a whole. */
  readonly until?: string | undefined
  /** A client's own directory, absolute, in place of where it is looked for; by the name of its source. */
  readonly directories?: Readonly<Partial<Record<SourceName, string>>> | undefined
  /** Read and count everything, and write nothing. */
  readonly dryRun?: boolean | undefined
}

export function sourcesOf({ source }: BackfillRequest): readonly SourceName[] {
  return source === 'all' ? sourceNames : [source]
}

/** Where the history of a source is looked for. */
export function whereaboutsOf(where: Whereabouts, source: SourceName, { directories }: BackfillRequest): Whereabouts {
  const directory = directories?.[source]
  return directory === undefined ? where : { ...where, directory }
}

/** Of an environment only what says where histories are. */
export function historyEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return { CLAUDE_CONFIG_DIR: env['CLAUDE_CONFIG_DIR'], CODEX_HOME: env['CODEX_HOME'] }
}

/** One text for one request. */
export function requestKey({ source, since, until, directories, dryRun }: BackfillRequest): string {
  return JSON.stringify([source, since, until, sourceNames.map(name => directories?.[name]), dryRun === true])
}
