import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { dataDir, dataIsPresent } from '../../test-data.ts'
import type { Figure, Reading } from '../figure.ts'
import { runProgram } from '../program.ts'
import type { ImportAnswer, ImportTask } from '../programs/import.ts'
import { withFolder } from '../scratch.ts'
import { count, medians, ms } from '../timing.ts'

const program = new URL('../programs/import.js', import.meta.url)
const execute = promisify(execFile)

export const facts: Figure = {
  name: 'facts',
  about: 'Plain facts, without targets',
  method: [
    'The start of the command line against `node` with nothing to do, medians of 10 interleaved runs.',
    'The import is of the real transcripts in the test data (`HYP_TEST_DATA`), once, into a new home.',
  ],
  measure: async () => [await commandLine(), ...(await realImport())],
}

async function commandLine(): Promise<Reading> {
  const [ours, node] = await medians(
    10,
    { run: async () => void (await execute(process.execPath, ['bin/hyp.js', '--version'])) },
    { run: async () => void (await execute(process.execPath, ['--eval', ''])) },
  )
  return { what: '`hyp --version`', value: ours, unit: 'ms', from: `${ms(node)} for node alone` }
}

async function realImport(): Promise<Reading[]> {
  if (!dataIsPresent) return []
  return withFolder(async folder => {
    const task: ImportTask = { folder, history: join(dataDir, 'agent-home', '.claude') }
    const answer = await runProgram<ImportAnswer>(program, task)
    const { files, bytes, rows } = answer.summary
    return [
      {
        what: 'import of real transcripts',
        value: bytes / 1e6 / (answer.ms / 1000),
        unit: 'MB/s',
        from: `${files} files of ${(bytes / 1e6).toFixed(1)} MB in ${count(answer.ms)} ms, ${count(rows / (answer.ms / 1000))} rows/s`,
      },
    ]
  })
}
