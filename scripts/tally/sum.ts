/** The part of vitest's JSON report that is counted. */
export interface VitestResults {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    /** Why the file could not be loaded. */
    readonly message?: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages?: readonly string[]
    }[]
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

/** A line for each test that failed and each file that cannot be loaded: where, which, and the first line of why. */
export function failures(results: VitestResults | undefined): string[] {
  return (results?.testResults ?? []).flatMap(file => {
    const failed = file.assertionResults.filter(({ status }) => status === 'failed')
    if (failed.length === 0) return file.status === 'failed' ? [failure(file.name, undefined, file.message)] : []
    return failed.map(({ fullName, failureMessages }) => failure(file.name, fullName, failureMessages?.[0]))
  })
}

function failure(file: string, test: string | undefined, why = ''): string {
  const reason = why.split('\n', 1)[0] ?? ''
  return `failed: ${[file, test, reason].filter(part => part !== undefined && part !== '').join(' › ')}`
}

export function line({ passed, failed, skipped }: Total): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
