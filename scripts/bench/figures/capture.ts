import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtinTable } from '../../../src/schema/builtin.ts'
import type { SourceName } from '../../../src/sources/catalogue.ts'
import { homeAt, tableDirectory } from '../../../src/stores/home.ts'
import type { Figure, Reading } from '../figure.ts'
import { madeHistory, muchClaude, muchCodex } from '../made-history.ts'
import { runProgram } from '../program.ts'
import type { CaptureAnswer, CaptureTask } from '../programs/capture.ts'
import type { ReadAnswer, ReadTask } from '../programs/read.ts'
import { pyicebergVersion, pythonWithPyIceberg } from '../python.ts'
import { withFolder } from '../scratch.ts'
import { count, median } from '../timing.ts'

const capturing = new URL('../programs/capture.js', import.meta.url)
const reading = new URL('../programs/read.js', import.meta.url)
const execute = promisify(execFile)

const mib = 2 ** 20

interface Wanted {
  readonly source: SourceName
  readonly title: string
  /** Of its transcripts, before compression. */
  readonly bytes: number
  /** Rows that have to be in the table. */
  readonly rows: number
  readonly claude: string
  readonly codex: string
}

export const capture: Figure = {
  name: 'capture',
  about: 'Loading what two clients left into an empty table: 1.2 GiB of Claude Code, 3.4 GiB of Codex',
  method: [
    'The histories are made up, with the sizes of files and kinds of lines of real ones: 3 100 and 2 700 files, the largest',
    'of 87 and 212 MB. A process starts the daemon on a new home and loads one of them as `hyp backfill` does: read, shaped,',
    'looked up, encoded, committed, everything durable; the rows are counted against what the generator wrote. Speed is by',
    'the bytes of the histories, memory the peak of the process. The floor is the same reader in a process of its own, whose',
    `rows are thrown away. The rival is PyIceberg ${pyicebergVersion}, which is given the same rows as Arrow tables of 50 000 and`,
    'appends them to a table without partitions, with Snappy, on SQLite and files, not synced: without reading any',
    'transcript. One run each, one after the other.',
  ],
  measure: async () => {
    const claude = await madeHistory(muchClaude)
    const codex = await madeHistory(muchCodex)
    return [
      ...(await measureOne({
        source: 'claude',
        title: 'Claude Code',
        bytes: claude.truth.claude?.bytes ?? 0,
        rows: claude.truth.claude?.totals.rows ?? 0,
        claude: claude.claude,
        codex: join(claude.codex, 'nothing'),
      })),
      ...(await measureOne({
        source: 'codex',
        title: 'Codex',
        bytes: codex.truth.codex?.bytes ?? 0,
        rows: (codex.truth.codex?.totals.rows ?? 0) + (codex.truth.codex?.totals.usageRows ?? 0),
        claude: join(codex.claude, 'nothing'),
        codex: codex.codex,
      })),
    ]
  },
}

function measureOne(wanted: Wanted): Promise<Reading[]> {
  return withFolder(async folder => {
    const { source, title, bytes, rows, claude, codex } = wanted
    const speed = (ms: number): number => bytes / mib / (ms / 1000)
    const ours = await runProgram<CaptureAnswer>(capturing, { folder, claude, codex, again: 0 } satisfies CaptureTask)
    if (ours.summary.rows !== rows) throw new Error(`${ours.summary.rows} rows of ${source} were stored, not ${rows}`)
    const floor = await runProgram<ReadAnswer>(reading, {
      source,
      directory: source === 'claude' ? claude : codex,
      rounds: 1,
    } satisfies ReadTask)
    const floorMs = median(floor.ms.map(([reader]) => reader))
    const rival = await appendedByPyIceberg(folder)
    return [
      {
        what: `${title}, end to end`,
        value: speed(ours.ms),
        unit: 'MiB/s',
        atLeast: 32,
        from: `${count(bytes / mib)} MiB in ${count(ours.summary.files)} files, ${count(rows)} rows in ${(ours.ms / 1000).toFixed(1)} s`,
      },
      { what: `${title}, peak memory`, value: ours.peakMegabytes, unit: 'MB', atMost: 512 },
      {
        what: `${title}, read only`,
        value: speed(floorMs),
        unit: 'MiB/s',
        from: `${count(floor.rows)} rows thrown away in ${(floorMs / 1000).toFixed(1)} s`,
      },
      ...(rival === undefined
        ? []
        : [
            {
              what: `${title}, PyIceberg appending the same rows`,
              value: speed(rival.ms),
              unit: 'MiB/s',
              from: `${count(rival.rows)} rows in ${(rival.ms / 1000).toFixed(1)} s`,
            },
          ]),
    ]
  })
}

/** The rows of the home in a folder, appended once more by PyIceberg; undefined where there is none to be had. */
async function appendedByPyIceberg(folder: string): Promise<{ ms: number; rows: number } | undefined> {
  const python = pythonWithPyIceberg()
  if (typeof python === 'string') return undefined
  const data = join(tableDirectory(homeAt(join(folder, 'home')), { table: builtinTable }), 'data')
  if (!existsSync(data)) throw new Error(`there are no data files in ${data}`)
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.parquet'))
  const catalog = join(folder, 'pyiceberg')
  mkdirSync(catalog)
  const paths = files.sort().map(name => join(data, name))
  const { stdout } = await execute(python.program, ['scripts/bench/pyiceberg-append.py', catalog, ...paths])
  const [ms = Number.NaN, rows = Number.NaN] = stdout.split(' ').map(Number)
  return { ms, rows }
}
