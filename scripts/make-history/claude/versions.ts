/** A version as a number that can be compared: `2.1.39` → 2_001_039. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1000 + patch
}

/** Where a version keeps the transcripts of its subagents. */
export type Layout = 'inline' | 'flat' | 'nested'

export interface Era {
  readonly version: string
  readonly layout: Layout
  /** How many of a hundred sessions are of it. */
  readonly share: number
  /** Progress lines for one tool call, on average. */
  readonly progress: number
  /** What its conversations are held with; a name that stands twice is had twice as often. */
  readonly models: readonly string[]
  /** When it was in use: first and last day. */
  readonly days: readonly [from: string, to: string]
}

// Nobody has a price for the example.
const models2025 = [
  'claude-sonnet-4-20250514',
  'claude-sonnet-4-20250514',
  'claude-opus-4-20250514',
  'claude-example-1',
]
const modelsLate2025 = [
  'claude-sonnet-4-5-20250929',
  'claude-sonnet-4-5-20250929',
  'claude-haiku-4-5',
  'claude-example-1',
]
const models2026 = ['claude-opus-4-6', 'claude-opus-4-6', 'claude-sonnet-4-6', 'claude-example-1']

/** Versions whose lines differ, oldest first. */
export const eras: readonly Era[] = [
  {
    version: '1.0.24',
    layout: 'inline',
    share: 2,
    progress: 0,
    models: models2025,
    days: ['2025-06-02', '2025-06-20'],
  },
  {
    version: '1.0.51',
    layout: 'inline',
    share: 4,
    progress: 0,
    models: models2025,
    days: ['2025-07-01', '2025-07-25'],
  },
  {
    version: '1.0.98',
    layout: 'inline',
    share: 5,
    progress: 0,
    models: models2025,
    days: ['2025-08-20', '2025-09-10'],
  },
  {
    version: '1.0.128',
    layout: 'inline',
    share: 4,
    progress: 0,
    models: models2025,
    days: ['2025-09-20', '2025-09-30'],
  },
  {
    version: '2.0.14',
    layout: 'inline',
    share: 6,
    progress: 0,
    models: modelsLate2025,
    days: ['2025-10-03', '2025-10-25'],
  },
  {
    version: '2.0.42',
    layout: 'flat',
    share: 12,
    progress: 0,
    models: modelsLate2025,
    days: ['2025-11-05', '2025-12-05'],
  },
  {
    version: '2.1.15',
    layout: 'nested',
    share: 8,
    progress: 0.6,
    models: modelsLate2025,
    days: ['2026-01-15', '2026-01-30'],
  },
  {
    version: '2.1.39',
    layout: 'nested',
    share: 9,
    progress: 8,
    models: models2026,
    days: ['2026-02-03', '2026-02-25'],
  },
  {
    version: '2.1.80',
    layout: 'nested',
    share: 15,
    progress: 0.8,
    models: models2026,
    days: ['2026-03-10', '2026-04-05'],
  },
  {
    version: '2.1.114',
    layout: 'nested',
    share: 12,
    progress: 0,
    models: models2026,
    days: ['2026-04-14', '2026-05-20'],
  },
  {
    version: '2.1.177',
    layout: 'nested',
    share: 13,
    progress: 0,
    models: models2026,
    days: ['2026-06-05', '2026-07-10'],
  },
  {
    version: '2.1.220',
    layout: 'nested',
    share: 10,
    progress: 0,
    models: models2026,
    days: ['2026-07-25', '2026-08-20'],
  },
]
