import type { Figure } from './bench/figure.ts'

/** The figures of `npm run bench`, in the order in which they are measured; names after the command select some. */
const figures: readonly Figure[] = []

const wanted = process.argv.slice(2)
let missed = 0
for (const figure of figures.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  console.log(`\n${figure.name}: ${figure.about}`)
  for (const { what, value, unit, atMost, atLeast } of await figure.measure()) {
    const target = atMost !== undefined ? `<= ${atMost}` : atLeast !== undefined ? `>= ${atLeast}` : ''
    const met = value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity)
    if (!met) missed += 1
    console.log(
      `  ${what.padEnd(60)} ${value.toFixed(2).padStart(12)} ${unit.padEnd(8)} ${target}${met ? '' : '  MISSED'}`,
    )
  }
}
console.log(`\nbench: ${missed} targets missed`)
process.exitCode = missed > 0 ? 1 : 0
