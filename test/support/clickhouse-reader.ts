import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

/*
 * Runs SQL in an embedded ClickHouse, one statement a line: {sql} is answered
 * by {answer}, its output as JSON rows. Argument: the folder of the package.
 */

const [, , folder = ''] = process.argv
const { query } = createRequire(import.meta.url)(folder) as { query: (sql: string, format: string) => string }

// ClickHouse opens files below its working directory only.
process.chdir('/')

createInterface({ input: process.stdin }).on('line', line => {
  const { sql } = JSON.parse(line) as { sql: string }
  let answer: object
  try {
    answer = { answer: query(sql, 'JSONCompactEachRow') }
  } catch (error) {
    // What follows is a trace of machine addresses.
    answer = { error: (error as Error).message.split(', Stack trace')[0] }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
})
