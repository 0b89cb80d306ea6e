/** `bare`: items without an envelope. `document`: one JSON document. `envelope`: a line each, in an envelope. */
export type Format = 'bare' | 'document' | 'envelope'

export interface CodexEra {
  readonly version: string
  /** Its second number. */
  readonly minor: number
  readonly format: Format
  /** How many of a hundred threads are of it. */
  readonly share: number
  readonly originator: string
  /** Whether turns have ids, which the copies of forks keep. */
  readonly turnIds: boolean
  /** Whether every event is written twice. */
  readonly doubled: boolean
  /** Whether snapshots of the work tree stand among the items. */
  readonly ghosts: boolean
  /** `paginated`: lines are numbered, and forks name what they go on from in place of copying it. */
  readonly history: 'legacy' | 'paginated'
  readonly days: readonly [from: string, to: string]
}

const cli = 'codex_cli_rs'
const plain = {
  turnIds: true,
  doubled: false,
  ghosts: false,
  history: 'legacy',
  originator: cli,
  format: 'envelope',
} as const

/** Versions whose rollouts differ, oldest first. */
export const codexEras: readonly CodexEra[] = [
  {
    ...plain,
    version: '0.1.250',
    minor: 1,
    format: 'document',
    share: 1,
    turnIds: false,
    days: ['2025-05-02', '2025-06-10'],
  },
  {
    ...plain,
    version: '0.10.0',
    minor: 10,
    format: 'bare',
    share: 3,
    turnIds: false,
    days: ['2025-07-05', '2025-08-20'],
  },
  { ...plain, version: '0.40.0', minor: 40, share: 10, turnIds: false, days: ['2025-09-20', '2025-10-20'] },
  {
    ...plain,
    version: '0.58.0',
    minor: 58,
    share: 14,
    turnIds: false,
    ghosts: true,
    days: ['2025-11-10', '2025-12-20'],
  },
  {
    ...plain,
    version: '0.104.0',
    minor: 104,
    share: 14,
    originator: 'Codex Desktop',
    doubled: true,
    days: ['2026-02-10', '2026-03-10'],
  },
  { ...plain, version: '0.125.0', minor: 125, share: 24, days: ['2026-03-20', '2026-05-10'] },
  {
    ...plain,
    version: '0.142.0',
    minor: 142,
    share: 22,
    originator: 'Codex Desktop',
    days: ['2026-06-05', '2026-07-10'],
  },
  { ...plain, version: '0.149.0', minor: 149, share: 12, history: 'paginated', days: ['2026-07-20', '2026-08-20'] },
]
