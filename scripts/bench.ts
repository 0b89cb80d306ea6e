import { parseArgs } from 'node:util'
import { type Figure, isMet, type Reading, targetOf } from './bench/figure.ts'
import { append } from './bench/figures/append.ts'
import { capture } from './bench/figures/capture.ts'
import { compact } from './bench/figures/compact.ts'
import { dedupe } from './bench/figures/dedupe.ts'
import { evolve } from './bench/figures/evolve.ts'
import { facts } from './bench/figures/facts.ts'
import { flush } from './bench/figures/flush.ts'
import { idle } from './bench/figures/idle.ts'
import { importing } from './bench/figures/import.ts'
import { ingest } from './bench/figures/ingest.ts'
import { pyiceberg } from './bench/figures/pyiceberg.ts'
import { query } from './bench/figures/query.ts'
import { restart } from './bench/figures/restart.ts'
import { rowless } from './bench/figures/rowless.ts'
import { rows } from './bench/figures/rows.ts'
import { wide } from './bench/figures/wide.ts'
import { year } from './bench/figures/year.ts'
import { valueOf, writePage } from './bench/page.ts'

/** The figures of `npm run bench`, in the order in which they are measured; names after the command select some. */
const figures: readonly Figure[] = [
  evolve,
  wide,
  pyiceberg,
  rows,
  restart,
  append,
  importing,
  capture,
  rowless,
  idle,
  ingest,
  flush,
  dedupe,
  query,
  year,
  facts,
  compact,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  // Writes docs/benchmarks.md.
  options: { write: { type: 'boolean', default: false } },
})
const names = figures.map(({ name }) => name)
const unknown = positionals.filter(name => !names.includes(name))
if (unknown.length > 0) throw new Error(`there is no figure ${unknown.join(', ')}; there are ${names.join(', ')}`)

const measured = new Map<Figure, readonly Reading[] | string>()
let missed = 0
for (const figure of figures.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  console.log(`\n${figure.name}: ${figure.about}`)
  const result = await figure.measure()
  measured.set(figure, result)
  if (typeof result === 'string') {
    console.log(`  not measured: ${result}`)
    continue
  }
  for (const reading of result) {
    if (!isMet(reading)) missed += 1
    const target = `${targetOf(reading)}${isMet(reading) ? '' : '  MISSED'}`
    console.log(
      `  ${reading.what.padEnd(56)} ${valueOf(reading).padStart(16)}  ${target.padEnd(10)}  ${reading.from ?? ''}`,
    )
  }
}
if (values.write) writePage(names, measured, new Date())
console.log(`\nbench: ${missed} targets missed`)
process.exitCode = missed > 0 ? 1 : 0
