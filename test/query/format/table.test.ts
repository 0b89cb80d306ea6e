import { expect, test } from 'vitest'
import { formatted } from '../asking.ts'

test('columns are aligned, numbers to the right, and the rows are counted', async () => {
  const sql = `SELECT * FROM (VALUES ('short', 1, 1.5::DECIMAL(9,2)), ('a longer text', 1000, NULL), (NULL, -2, 20.25)) AS v(what, n, amount)`
  expect(await formatted(sql, 'table')).toBe(
    [
      'what              n  amount',
      '-------------  ----  ------',
      'short             1    1.50',
      'a longer text  1000    NULL',
      'NULL             -2   20.25',
      '(3 rows)',
      '',
    ].join('\n'),
  )
})

test('one row is a row, and no rows are none', async () => {
  expect(await formatted('SELECT 1 AS x', 'table')).toBe('x\n-\n1\n(1 row)\n')
  expect(await formatted('SELECT 1 AS x WHERE false', 'table')).toBe('x\n-\n(0 rows)\n')
})

test('long texts give way until the line fits, the widest first; numbers and times are never cut', async () => {
  const sql = `SELECT repeat('a', 500) AS one, 'b' AS two, repeat('c', 30) AS three, 1234567890123 AS n, TIMESTAMPTZ '2026-01-02 03:04:05+00' AS t`
  const [header, , row] = (await formatted(sql, 'table', 80)).split('\n')
  expect(row).toHaveLength(80)
  expect(row).toBe('aaaaaaaaaaaaa…  b    cccccccccccccc…  1234567890123  2026-01-02T03:04:05.000000Z')
  expect(header).toMatch(/^one +two +three +n +t$/)
})

test('a table that cannot fit keeps eight columns of each text', async () => {
  const [, , row] = (await formatted(`SELECT repeat('a', 90) AS a, repeat('b', 90) AS b`, 'table', 10)).split('\n')
  expect(row).toBe('aaaaaaa…  bbbbbbb…')
})

test('control characters, and characters that turn or hide others, are shown and not sent to the terminal', async () => {
  const sql = `SELECT 'a' || chr(10) || 'b' || chr(9) || chr(13) || chr(27) || '[31m' || chr(155) || chr(0) || chr(8238) || chr(8203) AS "x\u001b"`
  expect(await formatted(sql, 'table')).toBe(
    ['x\\u{1b}', '-'.repeat(45), 'a\\nb\\t\\r\\u{1b}[31m\\u{9b}\\u{0}\\u{202e}\\u{200b}', '(1 row)', ''].join('\n'),
  )
})

test('wide characters count as two columns, combining ones as none', async () => {
  const sql = `SELECT * FROM (VALUES ('日本語', 1), ('e' || chr(769), 2), ('🙂', 3), (repeat('語', 60), 4)) AS v(s, n)`
  const lines = (await formatted(sql, 'table', 20)).split('\n')
  expect(lines.slice(2, 6)).toEqual([
    '日本語             1',
    'e\u0301                  2',
    '🙂                 3',
    `${'語'.repeat(8)}…  4`,
  ])
})

test('rows after those that were measured keep the layout', async () => {
  const sql = `SELECT range AS i, CASE WHEN range < 5000 THEN 'ab' ELSE repeat('x', 50) END AS s FROM range(5001)`
  const lines = (await formatted(sql, 'table')).trimEnd().split('\n')
  expect(lines[2]).toBe('   0  ab')
  expect(lines.at(-2)).toBe('5000  x…')
  expect(lines.at(-1)).toBe('(5001 rows)')
})
