import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/stores/config.ts'
import { homeAt } from '../../src/stores/home.ts'
import { temporaryFolder } from '../support/table.ts'

async function configOf(text: string | undefined) {
  const folder = await temporaryFolder()
  if (text !== undefined) await writeFile(join(folder, 'config.json'), text)
  return readConfig(homeAt(folder))
}

test.each([
  [undefined, null],
  ['{}', null],
  ['{"retention": "180d"}', { days: 180 }],
  ['{"retention": "1d"}', { days: 1 }],
  ['{"retention": "36500d"}', { days: 36_500 }],
])('%s keeps rows as it says', async (text, retention) => {
  expect(await configOf(text)).toEqual({ retention })
})

test.each([
  ['{"retention": "180"}', '"180"'],
  ['{"retention": "0d"}', '"0d"'],
  ['{"retention": "-1d"}', '"-1d"'],
  ['{"retention": "6 months"}', '"6 months"'],
  ['{"retention": "36501d"}', '"36501d"'],
  ['{"retention": 180}', '180'],
  ['{"retention": null}', 'null'],
  ['{"retentoin": "180d"}', '"retentoin"'],
  ['["180d"]', 'no JSON object'],
  ['{"retention": "180d"', 'no JSON'],
  ['', 'no JSON'],
])('%s is refused, with the file, the mistake and the way out', async (text, what) => {
  await expect(configOf(text)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(new RegExp(`config\\.json .*${what}`)),
    hint: expect.stringMatching(/retention|Mend/),
  })
})
