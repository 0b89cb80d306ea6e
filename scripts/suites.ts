/** A group of test folders that is run, skipped and timed together. */
export interface Suite {
  readonly name: string
  /** Folders of `test/`; files that lie in `test/` itself belong to the folder `.`. */
  readonly folders: readonly string[]
  /** `all` needs HYP_TEST=all: it installs from a registry or takes minutes. */
  readonly when: 'always' | 'all'
  /** True where the tests start `bin/hyp.js` or a program of `.build`. */
  readonly needsBuild: boolean
  /**
   * Milliseconds for one test or hook: what only work that hangs takes, on a machine that has much else to do. No test
   * is there to tell how fast something is.
   */
  readonly timeout: number
}

export const suites: readonly Suite[] = [
  {
    name: 'unit',
    folders: ['.', 'conformance', 'iceberg', 'schema', 'stores', 'sources', 'ingest', 'query', 'daemon', 'cli'],
    when: 'always',
    needsBuild: false,
    timeout: 180_000,
  },
  { name: 'property', folders: ['property'], when: 'always', needsBuild: false, timeout: 180_000 },
  { name: 'house', folders: ['house'], when: 'always', needsBuild: false, timeout: 180_000 },
  { name: 'docs', folders: ['docs'], when: 'always', needsBuild: true, timeout: 180_000 },
  { name: 'e2e', folders: ['e2e'], when: 'always', needsBuild: true, timeout: 180_000 },
  { name: 'crash', folders: ['crash'], when: 'always', needsBuild: true, timeout: 600_000 },
  { name: 'interop', folders: ['interop'], when: 'all', needsBuild: true, timeout: 300_000 },
  { name: 'package', folders: ['package'], when: 'all', needsBuild: true, timeout: 300_000 },
]

/** Whether the whole of the tests was asked for, as CI does. */
export const everything: boolean = process.env['HYP_TEST'] === 'all'

/** The part of any suite that takes minutes: run only with HYP_TEST=all. */
export const longTests = '**/*.long.test.ts'

export function globsOf(suite: Suite): string[] {
  return suite.folders.map(folder => (folder === '.' ? 'test/*.test.ts' : `test/${folder}/**/*.test.ts`))
}

/** The suite of a file named relative to `test/`; a file of no suite would never be run. */
export function suiteOf(file: string): Suite | undefined {
  const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : '.'
  return suites.find(suite => suite.folders.includes(folder))
}

/** What a run without HYP_TEST=all leaves out, as `name (n files)`, of files named relative to `test/`. */
export function leftOut(files: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const file of files) {
    const suite = suiteOf(file)
    const name = suite?.when === 'all' ? suite.name : file.endsWith('.long.test.ts') ? `${suite?.name}-long` : undefined
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${name} (${count} ${count === 1 ? 'file' : 'files'})`).sort()
}
