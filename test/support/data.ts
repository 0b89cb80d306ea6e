import { join } from 'node:path'
import { describe, test } from 'vitest'
import { dataDir, dataIsPresent } from '../../scripts/test-data.ts'

export { dataDir }

/** A path in {@link dataDir}. */
export function dataPath(...segments: string[]): string {
  return join(dataDir, ...segments)
}

/** `describe` for tests that read the data. A plain clone has none and skips them; CI may not. */
export function describeWithData(name: string, body: () => void): void {
  if (dataIsPresent) describe(name, body)
  else describe(name, () => testWithData('needs the data', () => {}))
}

/** `test` for a test that reads the data. */
export function testWithData(name: string, body: () => void | Promise<void>, timeout?: number): void {
  if (!dataIsPresent && process.env['CI'] === 'true') {
    test(name, () => {
      throw new Error(`CI needs the test data, and ${dataDir} is not there: set HYP_TEST_DATA`)
    })
  } else test.skipIf(!dataIsPresent)(name, body, timeout)
}
