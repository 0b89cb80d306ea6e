import type { RawRecord } from '../../src/stores/records/kind.ts'

/*
 * Records as earlier versions wrote them, by hand: what is here never changes, whatever the present version is. Each
 * has a member that no version of hyp knows.
 */

export const taskV1 = {
  id: '0198c0de-0000-7000-8000-000000000001',
  kind: 'backfill',
  input: { source: 'claude', mine: true },
  status: 'completed',
  created_at: '2026-01-02T03:04:05.000Z',
  started_at: '2026-01-02T03:04:06.000Z',
  ended_at: '2026-01-02T03:05:00.000Z',
  progress: { done: 4, total: 4, unit: 'files', rows: 12, mine: 1 },
  result: { rows: 12 },
  error: null,
  log: '2026-01-02T03:04:05.000Z created\n2026-01-02T03:04:06.000Z started\nof three files\n2026-01-02T03:05:00.000Z done\n',
  mine: { deep: [1, { deeper: null }] },
} satisfies RawRecord

export const taskV2 = {
  schema_version: 2,
  id: '0198c0de-0000-7000-8000-000000000002',
  kind: 'backfill',
  input: { source: 'claude' },
  status: 'failed',
  created_at: '2026-01-02T03:04:05.000Z',
  started_at: '2026-01-02T03:04:06.000Z',
  ended_at: '2026-01-02T03:05:00.000Z',
  progress: null,
  result: null,
  error: { code: 'DISK_FULL', message: 'There is no space left on the disk.', hint: 'Free some space.' },
  timeline: [
    { at: '2026-01-02T03:04:05.000Z', kind: 'created', summary: 'backfill claude', mine: 'kept' },
    { at: '2026-01-02T03:05:00.000Z', kind: 'failed', summary: 'There is no space left on the disk.' },
  ],
  mine: 'kept',
} satisfies RawRecord

export const taskV3 = {
  schema_version: 3,
  id: '0198c0de-0000-7000-8000-000000000003',
  kind: 'backfill',
  input: { source: 'claude' },
  status: 'failed',
  created_at: '2026-01-02T03:04:05.000Z',
  started_at: '2026-01-02T03:04:06.000Z',
  ended_at: '2026-01-02T03:05:00.000Z',
  progress: { done: 1, total: 4, unit: 'files', rows: 3 },
  result: null,
  error: { code: 'INTERRUPTED', message: 'The work was interrupted.', hint: 'Run the command again.' },
  terminal_reason: 'shutdown',
  lifecycle_seq: 3,
  timeline: [{ at: '2026-01-02T03:04:05.000Z', kind: 'created', summary: 'backfill claude' }],
  resumed_from: '0198c0de-0000-7000-8000-000000000002',
  mine: 'kept',
} satisfies RawRecord

export const cursorV1 = {
  schema_version: 1,
  source: 'claude',
  root: '/home/me/.claude/projects',
  files: {
    '/home/me/.claude/projects/p/a.jsonl': { size: 4096, mtime_ms: 1767323045000.25, mine: 'kept' },
    '/home/me/.claude/projects/p/b.jsonl': { size: 0, mtime_ms: 1767323046000 },
  },
  mine: 'kept',
} satisfies RawRecord

export const cursorV2 = {
  schema_version: 2,
  source: 'claude',
  root: '/home/me/.claude/projects',
  table_uuid: '0b1c7f2e-6d0a-4a53-9d8e-7a1f0c2b3d4e',
  declaration_hash: 'ab'.repeat(32),
  hyp_version: '0.1.0',
  snapshot_id: '3051729675574597004',
  files: {
    '/home/me/.claude/projects/p/a.jsonl': {
      size: 4096,
      mtime_ms: 1767323045000.25,
      dev: '2049',
      ino: '18446744073709551615',
      prefix_hash: 'cd'.repeat(32),
      lines: 7,
      rows: 9,
      mine: 'kept',
    },
  },
  mine: 'kept',
} satisfies RawRecord

const declaration: RawRecord = {
  table: 'orders',
  release: 3,
  columns: [
    { name: 'id', type: 'long', required: true, doc: 'The order.', default: 9007199254740993n },
    { name: 'origin', type: { type: 'struct', fields: [{ name: 'host', type: 'string', from: '/host' }] } },
  ],
  identifier: ['id'],
  partitionBy: [{ column: 'id', transform: 'bucket[4]' }],
  sortBy: ['id'],
  mine: 'kept',
}

export const segmentV1 = {
  stream: '0198c0de-0000-7000-8000-00000000000a',
  segment: 1,
  table: 'orders',
  declaration,
  opened_at_ms: 1767323045678,
  mine: 'kept',
} satisfies RawRecord

export const segmentV2 = {
  schema_version: 2,
  stream: '0198c0de-0000-7000-8000-00000000000a',
  segment: 2,
  table: 'orders',
  declaration,
  opened_at: '2026-01-02T03:04:05.678Z',
  previous: { segment: 1, end: 4711, mine: 'kept' },
  mine: 'kept',
} satisfies RawRecord

export const backupV1 = {
  schema_version: 1,
  directory: '/backups/home-2026-01-02',
  created_at: '2026-01-02T03:04:05.678Z',
  tables: [{ table: 'orders', uuid: '0b1c7f2e-6d0a-4a53-9d8e-7a1f0c2b3d4e' }],
  mine: 'kept',
} satisfies RawRecord

export const tombstoneV1 = {
  schema_version: 1,
  table: 'orders',
  table_uuid: '0b1c7f2e-6d0a-4a53-9d8e-7a1f0c2b3d4e',
  generation: 4,
  what: {
    kind: 'keys',
    columns: ['origin.host', 'id'],
    column_ids: [3, 1],
    keys: 2,
    digest: 'ef'.repeat(32),
    mine: 'kept',
  },
  rows: 2,
  created_at: '2026-01-02T03:04:05.678Z',
  mine: 'kept',
} satisfies RawRecord
