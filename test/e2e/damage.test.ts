import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Verification } from '../../src/stores/table/verify.ts'
import { declareTable } from '../support/declaring.ts'
import { digests, filesBelow, type Machine, machine } from '../support/home.ts'
import { addHistory, addLines, line } from '../support/transcripts.ts'

type Verified = Verification & { readonly ok: boolean }

/** A home with some rows, no daemon, and more lines waiting. */
async function loaded(): Promise<Machine> {
  const here = machine()
  addHistory(here.claude, 300, 100)
  const { status, stderr } = await here.hyp('backfill')
  if (status !== 0) throw new Error(stderr)
  addLines(here.claude, 'later', [line('later', 0)])
  return here
}

function file(here: Machine, end: string): string {
  const path = filesBelow(here.table).findLast(name => name.endsWith(end))
  if (path === undefined) throw new Error(`the table has no file ${end}`)
  return path
}

function newestMetadata(here: Machine): string {
  const version = readFileSync(join(here.table, 'metadata/version-hint.text'), 'utf8').trim()
  return join(here.table, `metadata/v${version}.metadata.json`)
}

interface Case {
  readonly what: string
  readonly harm: (here: Machine) => string
  readonly code: string
  readonly commands: readonly (readonly string[])[]
}

const query = ['query', 'SELECT count(content_text) FROM ai_gateway_messages']

const cases: readonly Case[] = [
  {
    what: 'a metadata file that was cut off',
    harm: here => {
      const path = newestMetadata(here)
      truncateSync(path, 500)
      return path
    },
    code: 'METADATA_INVALID',
    commands: [
      ['daemon'],
      ['plan'],
      ['apply'],
      ['backfill'],
      ['history'],
      ['table', 'show'],
      ['table', 'verify'],
      query,
    ],
  },
  {
    what: 'a manifest that is not Avro',
    harm: here => {
      const path = filesBelow(join(here.table, 'metadata')).find(name => /-m\d+\.avro$/.test(name)) as string
      writeFileSync(path, 'garbage '.repeat(100))
      return path
    },
    code: 'MANIFEST_INVALID',
    commands: [['backfill'], ['table', 'files'], query],
  },
  {
    what: 'a manifest list that is missing',
    harm: here => {
      const path = filesBelow(join(here.table, 'metadata')).find(name => /\/snap-[^/]*\.avro$/.test(name)) as string
      rmSync(path)
      return path
    },
    code: 'FILE_MISSING',
    commands: [['backfill'], ['table', 'files'], query],
  },
  {
    what: 'a data file that is missing',
    harm: here => {
      const path = file(here, '.parquet')
      rmSync(path)
      return path
    },
    code: 'FILE_MISSING',
    commands: [query],
  },
  {
    what: 'a data file without a byte in it',
    harm: here => {
      const path = file(here, '.parquet')
      truncateSync(path, 0)
      return path
    },
    code: 'DATA_INVALID',
    commands: [query, ['show', 'session-0']],
  },
  {
    what: 'a data file that was cut off',
    harm: here => {
      const path = file(here, '.parquet')
      truncateSync(path, 1000)
      return path
    },
    code: 'DATA_INVALID',
    commands: [query],
  },
]

test.each(cases)(
  '$what: every command that meets it says $code, names the file and the way out, and changes nothing',
  async ({ harm, code, commands }) => {
    const here = await loaded()
    const path = harm(here)
    const before = digests(here.table)
    for (const words of commands) {
      const { status, stdout, stderr } = await here.hyp(...words)
      expect({ words, status }).toEqual({ words, status: 1 })
      const error = /^error: (.*) \[(\w+)\]\nhint: (.*)$/m.exec(stderr)
      expect({ words, code: error?.[2], named: error?.[1]?.includes(path) }).toEqual({ words, code, named: true })
      expect(error?.[3]).toContain('Nothing was changed. Restore the named file from a copy of the home')
      expect(stdout + stderr).not.toMatch(/^ {4}at /m)
      expect(digests(here.table)).toEqual(before)
    }
  },
)

test('a damaged table turns a running daemon not ready, with the reason; it goes on running', async () => {
  const here = await loaded()
  const daemon = await here.daemon()
  await daemon.imported()
  truncateSync(newestMetadata(here), 500)
  const { status, text } = await daemon.ask('GET', '/readyz')
  expect(status).toBe(503)
  expect(text).toMatch(/^FAIL table: .*metadata\.json/)
  const told = await here.hyp('status')
  expect(told.status).toBe(0)
  expect(told.stdout).toMatch(/^table {5}ai_gateway_messages: unreadable$/m)
  expect(told.stdout).toMatch(/^FAIL {6}table: .*\[METADATA_INVALID\]$/m)
  expect((await daemon.stop()).status).toBe(0)
})

test('an import that fails is told by the daemon with code and hint, and the daemon stays up', async () => {
  const here = await loaded()
  const path = filesBelow(join(here.table, 'metadata')).find(name => /-m\d+\.avro$/.test(name)) as string
  writeFileSync(path, 'garbage')
  const daemon = await here.daemon()
  await daemon.until('the failure is told', () => daemon.events().some(event => event.msg === 'backfill-failed'))
  expect(daemon.events().find(event => event.msg === 'backfill-failed')).toMatchObject({
    level: 40,
    code: 'MANIFEST_INVALID',
    message: expect.stringContaining(path),
    hint: expect.any(String),
  })
  expect((await here.hyp('backfill')).stderr).toContain('[MANIFEST_INVALID]')
  expect((await here.hyp('status')).status).toBe(0)
})

test('verify finds nothing wrong in a table that is well, also when it is empty', async () => {
  const here = await loaded()
  expect(await here.hyp('table', 'verify')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(
      /^\d+ files, 300 rows: all as the manifests say; bytes as written: \d+ files; re-read by icebird: same\n$/,
    ),
  })
  const empty = machine()
  expect((await empty.hyp('apply')).status).toBe(0)
  expect(await empty.hyp('table', 'verify')).toMatchObject({
    status: 0,
    stdout: '0 files, 0 rows: all as the manifests say\n',
  })
})

test('verify goes without icebird where partitions are of a type that it does not read', async () => {
  const here = machine()
  declareTable(here, 'prices', [{ name: 'price', type: 'decimal(10,2)' }], {
    partitionBy: [{ column: 'price', transform: 'identity' }],
  })
  const rows = join(here.directory, 'rows.ndjson')
  writeFileSync(rows, '{"price":"1.50"}')
  expect((await here.hyp('ingest', 'prices', rows)).status).toBe(0)
  expect(await here.hyp('table', 'verify', 'prices')).toMatchObject({
    status: 0,
    stdout: '1 file, 1 row: all as the manifests say; bytes as written: 1 file\n',
  })
})

test.each([
  ['its first page header', (): number => 5],
  ['its footer', (length: number): number => length - 100],
  ['its last bytes', (length: number): number => length - 2],
])('verify exits 1 and names a data file in which a byte of %s is another', async (_, where) => {
  const here = await loaded()
  const path = file(here, '.parquet')
  const bytes = readFileSync(path)
  const at = where(bytes.byteLength)
  bytes[at] = (bytes[at] as number) ^ 0xff
  writeFileSync(path, bytes)
  const before = digests(here.table)
  const { status, stdout } = await here.hyp('table', 'verify')
  expect(status).toBe(1)
  expect(stdout).toContain(path)
  const document = JSON.parse((await here.hyp('table', 'verify', '--json')).stdout) as Verified
  expect(document.ok).toBe(false)
  expect(digests(here.table)).toEqual(before)
})

test('verify lists every missing and every shortened file at once', async () => {
  const here = await loaded()
  const data = filesBelow(join(here.table, 'data'))
  const [missing, short] = [data[0] as string, data[1] as string]
  rmSync(missing)
  truncateSync(short, 100)
  const { status, stdout } = await here.hyp('table', 'verify', '--json')
  expect(status).toBe(1)
  const { ok, damage } = JSON.parse(stdout) as Verified
  expect(ok).toBe(false)
  expect([...new Set(damage.map(found => found.file))].toSorted()).toEqual([missing, short].toSorted())
  const text = await here.hyp('table', 'verify')
  expect(text.status).toBe(1)
  expect(text.stdout).toMatch(new RegExp(`^! ${missing}: \\S`, 'm'))
  expect(text.stdout).toMatch(/\d problems? found\n$/)
})

test.each([
  ['a home below a file', '/dev/null/home'],
  ['a home that is a file', '/dev/null'],
])('%s is told with code, hint and 78 by every command', async (_, home) => {
  const here = machine({ env: { HYP_HOME: home } })
  for (const words of [['daemon'], ['start'], ['backfill'], ['apply'], ['plan'], ['status'], ['history'], query]) {
    const { status, stderr } = await here.hyp(...words)
    expect({ words, status }).toEqual({ words, status: 78 })
    expect(stderr).toMatch(/^error: .*\/dev\/null.* \[HOME_UNUSABLE\]\nhint: .*HYP_HOME/)
  }
})

test.each([
  [['history'], 1],
  [['table', 'show'], 1],
  [['table', 'files'], 1],
  [['table', 'verify'], 1],
  [query, 1],
  [['plan'], 0],
  [['status'], 0],
] as const)('where there is no table yet, %s exits %i and makes nothing', async (words, expected) => {
  const here = machine()
  const { status, stdout, stderr } = await here.hyp(...words)
  expect(status).toBe(expected)
  if (expected === 0) expect(stdout).toContain('not there yet')
  else expect(stderr).toMatch(/ \[TABLE_NOT_FOUND\]\nhint: .*hyp .*start/)
  expect(filesBelow(here.directory).filter(path => path.startsWith(here.home))).toEqual([])
})
