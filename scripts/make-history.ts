import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeHistory } from './make-history/history.ts'

/*
 * Writes a made-up history of both clients into a directory, and what is in it
 * into `truth.json` beside it:
 *
 *   node .build/scripts/make-history.js DIR --claude 1.2GiB --codex 3.4GiB --seed 1 --traps
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    // Bytes of transcripts, as `5MB` or `1.2GiB`; default none.
    claude: { type: 'string', default: '0' },
    codex: { type: 'string', default: '0' },
    // How many transcripts; default as many as histories of that size have.
    'claude-files': { type: 'string' },
    'codex-files': { type: 'string' },
    seed: { type: 'string', default: '1' },
    // A file for every trap besides.
    traps: { type: 'boolean', default: false },
    // Length of a line that is longer than readers take, such as `65MiB`; default there is none.
    'long-line': { type: 'string' },
  },
})
const [directory] = positionals
if (directory === undefined || positionals.length > 1) throw new Error('name the one directory to write to')

const start = performance.now()
const truth = await makeHistory({
  directory,
  claude: bytesOf(values.claude),
  codex: bytesOf(values.codex),
  ...(values['claude-files'] === undefined ? {} : { claudeFiles: Number(values['claude-files']) }),
  ...(values['codex-files'] === undefined ? {} : { codexFiles: Number(values['codex-files']) }),
  seed: Number(values.seed),
  traps: values.traps,
  ...(values['long-line'] === undefined ? {} : { longLine: bytesOf(values['long-line']) }),
})
writeFileSync(join(directory, 'truth.json'), `${JSON.stringify(truth, null, 1)}\n`)
const seconds = (performance.now() - start) / 1000
for (const [client, tree] of Object.entries({ Claude: truth.claude, Codex: truth.codex })) {
  if (tree === undefined) continue
  const { files, bytes, lines, totals } = tree
  console.log(`${client}: ${files} files, ${megabytes(bytes)} MB, ${lines} lines, ${totals.rows} rows of messages`)
}
const written = (truth.claude?.bytes ?? 0) + (truth.codex?.bytes ?? 0)
console.log(`written in ${seconds.toFixed(1)} s, ${megabytes(written / seconds)} MB/s`)

function bytesOf(text: string): number {
  const [, number, unit = ''] = /^([\d.]+)\s*([kMG]i?B|B)?$/.exec(text) ?? []
  const scale = { '': 1, B: 1, kB: 1e3, KiB: 2 ** 10, kiB: 2 ** 10, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30 }[unit]
  if (number === undefined || scale === undefined) throw new Error(`${text} is no size: say 300MB or 1.2GiB`)
  return Math.round(Number(number) * scale)
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
