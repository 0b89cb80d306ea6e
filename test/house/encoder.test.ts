import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { encoder } from '../../src/iceberg/parquet/write.ts'
import { version } from '../../src/version.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string
  dependencies: Record<string, string>
}

test('data files name the version of the encoder that is installed', () => {
  expect(encoder).toBe(`hyparquet-writer version ${manifest.dependencies['hyparquet-writer']}`)
})

test('hyp says the version of its package', () => {
  expect(version).toBe(manifest.version)
})
