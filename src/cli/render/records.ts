import type { ProblemDocument } from '../../daemon/task-document.ts'
import type { CommandContext } from '../context.ts'
import type { CollectedDocument, MigrationDocument, RecordsDocument, RestoredDocument } from '../records-document.ts'
import { pasteableHint } from './error.ts'
import { alignColumns, plural } from './text.ts'
import { visible, visibleIn } from './visible.ts'

type Pasteable = Pick<CommandContext, 'pasteable'>

/** The kinds with what there is of each, then what is wrong. */
export function renderRecords({ kinds, problems, backups }: RecordsDocument, context: Pasteable): string {
  const rows = kinds.map(kind => [
    kind.kind,
    `version ${kind.version}`,
    kind.records === null ? 'in the segments of the spool' : plural(kind.records, 'record'),
    Object.entries(kind.versions)
      .filter(([version]) => Number(version) < kind.version)
      .map(([version, records]) => `${records} of version ${version}`)
      .join(', '),
  ])
  const isOutdated = kinds.some(({ outdated }) => outdated > 0)
  const lines = [
    ...alignColumns(rows),
    ...(isOutdated
      ? [`older ones are read as they are; to store them anew: ${context.pasteable('hyp records migrate')}`]
      : []),
    ...backups.map(({ path, version }) => `backup  ${path}${version === 0 ? ' (not readable)' : ''}`),
  ]
  const restorable = problems.filter(({ kind, id }) => backups.some(backup => backup.kind === kind && backup.id === id))
  const ways = restorable.map(({ kind, id }) => `restore ${context.pasteable(`hyp records restore ${kind}/${id}`)}`)
  return `${[...lines.map(visible), ...problemLines(problems, context), ...ways.map(visible)].join('\n')}\n`
}

export function renderMigration({ migrated, problems }: MigrationDocument, context: Pasteable): string {
  const lines = [
    ...migrated.map(({ kind, id, from, to, backup }) => `${kind}/${id}  version ${from} → ${to}  backup ${backup}`),
    migrated.length === 0
      ? 'Nothing to do: no record is of an older version.'
      : `${plural(migrated.length, 'record')} migrated.`,
  ]
  return `${[...lines.map(visible), ...problemLines(problems, context)].join('\n')}\n`
}

export function renderCollected({ dryRun, removed, leftovers, kept }: CollectedDocument): string {
  const paths = [...removed.map(({ path }) => path), ...leftovers]
  const what = dryRun ? 'would be removed' : 'removed'
  const lines = [
    ...paths.map(path => `- ${path}`),
    `${plural(paths.length, 'file')} ${what}; ${plural(kept, 'backup')} kept.`,
  ]
  return `${lines.map(visible).join('\n')}\n`
}

export function renderRestored(restored: RestoredDocument): string {
  const { kind, id, from, version, backup } = visibleIn(restored)
  const before = backup === null ? 'Nothing was there before.' : `What was there is kept as ${backup}.`
  return `${kind}/${id} is as in ${from} (version ${version}).\n${before}\n`
}

/** What is wrong with records, and the way out. */
export function problemLines(problems: readonly ProblemDocument[], { pasteable }: Pasteable): string[] {
  return problems.flatMap(({ error }) =>
    [`! ${error.message} [${error.code}]`, `  hint: ${pasteableHint(error.hint, pasteable)}`].map(visible),
  )
}
