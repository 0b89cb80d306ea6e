import { describe, expect, test } from 'vitest'
import { cycles } from '../../scripts/layers/cycles.ts'
import { breaches, rules } from '../../scripts/layers/rules.ts'
import { parseSource } from '../../scripts/layers/source.ts'

/** Sources that break one rule each: where they lie, what they say. */
const violations: Readonly<Record<string, readonly (readonly [path: string, text: string])[]>> = {
  room: [
    ['src/utils/text.ts', ''],
    ['src/iceberg/manifest-helpers.ts', ''],
  ],
  down: [
    ['src/iceberg/ids.ts', "import { plan } from '../schema/plan.ts'"],
    ['src/iceberg/ids.ts', "import { HypError } from '../errors.ts'"],
    ['src/schema/plan.ts', "export * from '../stores/table/apply.ts'"],
    ['src/sources/claude/read.ts', "const { flush } = await import('../../ingest/flush/flush.ts')"],
    ['src/daemon/start.ts', "type Io = import('../cli/io.ts').Io"],
    ['src/query/session.ts', "import type { Spool } from '../ingest/spool.ts'"],
    ['src/ingest/flush.ts', "import { session } from '../query/session.ts'"],
    ['src/cli/main.ts', "import { open } from '../index.ts'"],
  ],
  errors: [
    ['src/errors.ts', "import { parse } from './iceberg/json.ts'"],
    ['src/error-catalogue.ts', "import { HypError } from './errors.ts'"],
  ],
  index: [['src/index.ts', "export { buildProgram } from './cli/program.ts'"]],
  pure: [
    ['src/iceberg/catalog/file-catalog.ts', "import { open } from 'node:fs/promises'"],
    ['src/schema/document.ts', "import { readFileSync } from 'fs'"],
    ['src/schema/document.ts', "const home = process.env['HYP_HOME']"],
    ['src/iceberg/catalog/rest.ts', 'export const load = (url: string) => fetch(url)'],
  ],
  exit: [
    ['src/daemon/stop.ts', 'process.exit(0)'],
    ['src/cli/commands/plan.ts', 'process.exitCode = 2'],
  ],
  print: [
    ['src/ingest/flush.ts', "console.log('flushed')"],
    ['src/daemon/log.ts', "process.stdout.write('ready')"],
    ['src/stores/table/apply.ts', 'const out = process.stderr'],
    ['src/daemon/log.ts', "import { stdout } from 'node:process'"],
  ],
  package: [
    ['src/cli/commands/query.ts', "import { DuckDBInstance } from '@duckdb/node-api'"],
    ['src/ingest/flush/flush.ts', "import { pino } from 'pino'"],
    ['src/stores/table/read.ts', "import { tableToIPC } from 'apache-arrow'"],
    ['src/ingest/batch/batch.ts', "import { RecordBatchReader } from 'apache-arrow'"],
    ['src/stores/turns/open.ts', "import Database from 'libsql'"],
    ['src/iceberg/manifest/read.ts', "import { avroRead } from 'icebird'"],
    ['src/daemon/http.ts', "import { Command } from 'commander'"],
  ],
}

/** What the house allows, close to what it forbids. */
const allowed: readonly (readonly [path: string, text: string])[] = [
  ['src/iceberg/file-io/local.ts', "import { open } from 'node:fs/promises'"],
  ['src/iceberg/manifest/read-with-icebird.ts', "import { avroRead } from 'icebird'"],
  ['src/schema/fingerprint.ts', "import { createHash } from 'node:crypto'\nimport { HypError } from '../errors.ts'"],
  ['src/error-catalogue.ts', "import type { IcebergErrorCode } from './iceberg/errors.ts'"],
  [
    'src/errors.ts',
    "import { errorCatalogue } from './error-catalogue.ts'\nimport { IcebergError } from './iceberg/errors.ts'",
  ],
  ['src/index.ts', "export * from './daemon/start.ts'"],
  ['src/daemon/start.ts', "import { pino } from 'pino'\nconst pid = process.pid\nimport '../ingest/lock.ts'"],
  ['src/ingest/lock.ts', "import Database from 'libsql'"],
  ['src/cli/main.ts', "process.exitCode = 1\nconsole.error('hint: none')"],
  ['src/cli/render/arrow.ts', "import { tableToIPC } from 'apache-arrow'"],
  ['src/ingest/batch/arrow/arrow-rows.ts', "import { RecordBatchReader } from 'apache-arrow'"],
  ['src/stores/table/apply.ts', "// console.log\nconst text = 'process.exit(1)'\nconst io = { fetch: 1, console: 2 }"],
]

describe('the layer check', () => {
  test('has violating samples for each of its rules, and for no others', () => {
    expect(Object.keys(violations).sort()).toEqual(rules.map(rule => rule.name).sort())
  })

  for (const [rule, samples] of Object.entries(violations)) {
    test.each(samples)(`the rule "${rule}" catches %s: %s`, (path, text) => {
      expect(breaches([parseSource(path, text)]).some(message => message.endsWith(`[${rule}]`))).toBe(true)
    })
  }

  test.each(allowed)('allows %s: %s', (path, text) => {
    expect(breaches([parseSource(path, text)])).toEqual([])
  })

  test('reports a cycle once, types included, and no chain', () => {
    const sources = [
      parseSource('src/iceberg/a.ts', "import type { B } from './b.ts'"),
      parseSource('src/iceberg/b.ts', "import { c } from './deep/c.ts'"),
      parseSource('src/iceberg/deep/c.ts', "export { a } from '../a.ts'"),
      parseSource('src/iceberg/d.ts', "import './a.ts'"),
    ]
    expect(cycles(sources)).toEqual([
      'src/iceberg/a.ts -> src/iceberg/b.ts -> src/iceberg/deep/c.ts -> src/iceberg/a.ts',
    ])
    expect(cycles(sources.slice(1))).toEqual([])
  })
})
