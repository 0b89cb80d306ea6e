import { expect, test } from 'vitest'
import { maintenanceLines, renderUpkeep } from '../../src/cli/render/maintenance.ts'
import type { UpkeepFacts } from '../../src/stores/table/upkeep/due.ts'
import type { UpkeepReport } from '../../src/stores/table/upkeep/report.ts'

const quiet: UpkeepFacts = {
  files: 3,
  filesInOnePartition: 3,
  worthRewriting: 0,
  manifests: 1,
  snapshots: 2,
  expirable: 0,
  expirableRefs: 0,
  cleared: true,
  writable: true,
  removable: true,
}

const report: UpkeepReport = {
  table: 'events',
  dryRun: false,
  startedAt: '2026-01-02T03:04:05.678Z',
  ms: 7,
  deleted: null,
  compacted: null,
  manifests: null,
  expired: { snapshots: 0, refs: ['monday'], files: 0, bytes: 0 },
  swept: null,
  failures: [],
}

function found(facts: Partial<UpkeepFacts>): string[] {
  return maintenanceLines({
    running: false,
    lookedAt: '2026-01-02T03:04:05.678Z',
    waiting: { ...quiet, ...facts },
    last: null,
    failure: null,
  })
}

test('a status says why nothing of a table is removed, or nothing is done to it', () => {
  expect(found({})).toEqual(['3 data files; 2 snapshots'])
  expect(found({ removable: false })).toEqual([
    '3 data files; 2 snapshots; no snapshot expires and no file is removed: its property gc.enabled is false',
  ])
  expect(found({ writable: false, removable: false })).toEqual([
    '3 data files; 2 snapshots; nothing is done to it: its version of the format is only read',
  ])
})

test('tags and branches that are over are told, those that went by name', () => {
  expect(found({ expirable: 1, expirableRefs: 2 })).toEqual([
    '3 data files; 2 snapshots; 1 snapshot to expire; branches and tags to expire: 2',
  ])
  expect(renderUpkeep(report)).toBe('events: branch or tag monday expired in 7 ms')
  expect(renderUpkeep({ ...report, dryRun: true })).toBe(
    'events: branch or tag monday would expire; nothing was changed',
  )
})
