/** The part of vitest's JSON report that is counted. */
export interface VitestResults {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** Something CI ran: a test run, with its report if it came as far as writing one, or another step. */
export type Run =
  | { readonly kind: 'tests'; readonly status: number; readonly results: VitestResults | undefined }
  | { readonly kind: 'step'; readonly status: number }

export interface Total {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Whatever failed without a test of its own (a step, a file that cannot be loaded, a crashed run) counts as one failure. */
export function sum(runs: readonly Run[]): Total {
  return runs.map(totalOf).reduce(
    (sofar, next) => ({
      passed: sofar.passed + next.passed,
      failed: sofar.failed + next.failed,
      skipped: sofar.skipped + next.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )
}

function totalOf(run: Run): Total {
  const files = run.kind === 'tests' ? (run.results?.testResults ?? []) : []
  const tests = files.flatMap(file => file.assertionResults)
  const unloadable = files.filter(
    file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
  )
  const passed = tests.filter(test => test.status === 'passed').length
  const failed = tests.filter(test => test.status === 'failed').length + unloadable.length
  const crashed = failed === 0 && (run.status !== 0 || (run.kind === 'tests' && passed === 0))
  return { passed, failed: crashed ? 1 : failed, skipped: tests.length - passed - (failed - unloadable.length) }
}

export function line({ passed, failed, skipped }: Total): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
