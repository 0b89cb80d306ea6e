import { existsSync, readFileSync } from 'node:fs'
import { failures, line, type Run, sum, type VitestResults } from './tally/sum.ts'

// Arguments: `results.json=exit status` of each test run, `step=exit status` of everything else that must succeed.
const runs = process.argv.slice(2).map((argument): Run => {
  const [name = '', status = ''] = argument.split('=')
  if (!name.endsWith('.json')) return { kind: 'step', status: Number(status) }
  const results = existsSync(name) ? (JSON.parse(readFileSync(name, 'utf8')) as VitestResults) : undefined
  return { kind: 'tests', status: Number(status), results }
})

for (const run of runs) {
  if (run.kind === 'tests') for (const failure of failures(run.results)) console.log(failure)
}
const total = sum(runs)
console.log(line(total))
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
