import { readdirSync } from 'node:fs'
import type { Reporter } from 'vitest/node'
import { everything, leftOut } from './suites.ts'
import { browserIsPresent, browserPath } from './test-browser.ts'
import { dataDir, dataIsPresent } from './test-data.ts'

/** Says after every run what was not run, and how to run it. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(): void {
    if (!everything) {
      const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts'))
      const names = leftOut(files)
      if (names.length > 0) say(`${names.join(', ')} — HYP_TEST=all npm test`)
    }
    if (!dataIsPresent) say(`tests that read foreign data, ${dataDir} is not there — HYP_TEST_DATA=DIR npm test`)
    if (!browserIsPresent) say(`tests in a browser, ${browserPath} is not there — CHROMIUM=PATH npm test`)
  }
}

function say(text: string): void {
  process.stdout.write(`skipped: ${text}\n`)
}
