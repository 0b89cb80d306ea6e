import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { machine } from '../support/home.ts'
import { fillDisk, hasSmallDisks, smallDisk } from '../support/small-disk.ts'
import { addLines, line } from '../support/transcripts.ts'

const unwritable = /^error: The output cannot be written: .* \[DISK_FULL\]\nhint: .*\n$/

test.skipIf(!hasSmallDisks)('what a command has no room to print it tells, and fails', async () => {
  const here = machine()
  expect((await here.hyp('apply')).status).toBe(0)
  const query = `hyp query --format csv "SELECT i, repeat('x', 90) AS text FROM range(600) AS r(i)"`
  const whole = await here.shell(query)
  expect(whole).toMatchObject({ status: 0, stderr: '' })
  // Room for a part of it, all of which is handed over in one piece.
  const disk = join(here.directory, 'disk')
  smallDisk(disk, 1)
  writeFileSync(join(disk, 'room'), new Uint8Array(40_960))
  fillDisk(disk)
  rmSync(join(disk, 'room'))
  const { status, stderr } = await here.shell(`${query} > '${join(disk, 'out.csv')}'`)
  expect(readFileSync(join(disk, 'out.csv'), 'utf8')).toBe(whole.stdout.slice(0, 40_960))
  expect(status).toBe(1)
  expect(stderr).toMatch(unwritable)
})

test.each(['--help', 'status', 'status --json', 'rules', 'demo'])(
  'hyp %s into a device that takes nothing fails with one error',
  async words => {
    const here = machine()
    const { status, stderr } = await here.shell(`hyp ${words} > /dev/full`)
    expect(status).toBe(1)
    expect(stderr).toMatch(unwritable)
    expect(readdirSync(here.directory).filter(name => name.startsWith('hyp-demo-'))).toEqual([])
  },
)

test('an error that cannot be printed as a document is told beside it, with the status of its own', async () => {
  const { status, stderr } = await machine().shell('hyp tasks none --json > /dev/full')
  expect(status).toBe(64)
  expect(stderr).toMatch(/^error: There is no task "none"\. \[NOT_FOUND\]\n/)
})

test('a query that nobody reads to its end ends well, says nothing and leaves nothing behind', async () => {
  const here = machine()
  expect((await here.hyp('apply')).status).toBe(0)
  const query = `hyp query --format csv "SELECT i, repeat('x', 90) FROM range(1000000000) AS r(i)"`
  const { stderr } = await here.shell(`(${query}; echo "status $?" >&2) | head -c 10`)
  expect(stderr).toBe('status 0\n')
  expect(readdirSync(join(here.home, 'run')).filter(name => /^(?:lease|query)-/.test(name))).toEqual([])
})

test('an import goes on whether or not anybody reads how', async () => {
  const here = machine()
  addLines(here.claude, 'one', [line('one', 0)])
  expect((await here.shell('hyp backfill 2> /dev/full')).status).toBe(0)
  expect(await here.query('SELECT count(*)::INT AS n FROM ai_gateway_messages')).toEqual([{ n: 1 }])
})

test('a demo that is interrupted, or not read to its end, stops there and removes its files', async () => {
  const here = machine()
  const demo = here.start('demo')
  await demo.until('it has begun', () => demo.stdout().includes('$ hyp daemon'))
  demo.kill('SIGINT')
  const { status, stdout, stderr } = await demo.ended
  expect(status).toBe(130)
  expect(stdout).not.toContain('$ hyp history')
  expect(stderr).toMatch(/^error: The demo was interrupted\. \[INTERRUPTED\]\nhint: /)

  const unread = await here.shell('(hyp demo; echo "status $?" >&2) | head -1')
  expect(unread.stderr).toBe('status 0\n')
  expect(readdirSync(here.directory).filter(name => name.startsWith('hyp-demo-'))).toEqual([])
  expect(existsSync(here.home)).toBe(false)
})
