import type { SpoolReport } from '../../ingest/spool-report.ts'
import { bytes, plural, wrap } from './text.ts'
import { visible } from './visible.ts'

/** What is on its way to the tables, for a person: tables with nothing to tell are left out. */
export function renderSpool(tables: readonly SpoolReport[]): string {
  const lines = tables.flatMap(tableLines).map(visible)
  return `${(lines.length === 0 ? ['Nothing waits, and nothing was set aside.'] : lines).join('\n')}\n`
}

function tableLines({ table, rows, bytes: size, since, held, quarantined, rejected }: SpoolReport): string[] {
  const heldRows = held.reduce((sum, { rows: count }) => sum + count, 0)
  const lines = [
    ...(rows - heldRows > 0 ? [`waiting      ${plural(rows - heldRows, 'row')}, since ${since}`] : []),
    ...held.flatMap(({ stream, rows: count, since: from, release, reason }) => [
      `held         ${plural(count, 'row')}${from === null ? '' : `, since ${from}`}${release === null ? '' : `, captured under release ${release}`}`,
      ...wrap(reason, 86).map(line => `             ${line}`),
      `             stream ${stream}`,
    ]),
    ...(rejected.rows + rejected.values > 0
      ? [
          `rejected     ${plural(rejected.rows, 'row')} and ${plural(rejected.values, 'value')}, since ${rejected.since}; they are in spool/${table}/rejects`,
        ]
      : []),
    ...(quarantined.files > 0
      ? [
          `quarantined  ${plural(quarantined.files, 'damaged place')}, ${bytes(quarantined.bytes)}, since ${quarantined.since}; they are in quarantine/${table}`,
        ]
      : []),
  ]
  return lines.length === 0 ? [] : [`${table}${rows === 0 ? '' : `: ${plural(rows, 'row')}, ${bytes(size)}`}`, ...lines]
}
