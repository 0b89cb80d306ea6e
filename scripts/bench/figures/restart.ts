import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { builtinTable } from '../../../src/schema/builtin.ts'
import { homeAt, tableDirectory } from '../../../src/stores/home.ts'
import type { Figure } from '../figure.ts'
import { millionRowsHome } from '../million.ts'
import { withFolder } from '../scratch.ts'
import { apply, declared, restorer } from '../tables.ts'
import { interleaved, median, ms } from '../timing.ts'

const rounds = 15

export const restart: Figure = {
  name: 'restart',
  about: 'Restart to evolve on 1 000 000 rows, from the start of the process to ready, against the same on no rows',
  method: [
    '`hyp daemon` is started on a home whose `schema/ai_gateway_messages.json` has one new column, and timed until its',
    'line that says it is ready, by when the column is there. There is no history to import.',
    `Medians of ${rounds} interleaved starts; before each the table is put back to where the column is missing.`,
  ],
  measure: () =>
    withFolder(async folder => {
      const nothing = join(folder, 'nothing')
      const empty = join(folder, 'home')
      await mkdir(nothing)
      await apply(tableDirectory(homeAt(empty), { table: builtinTable }), declared)
      const homes = [await millionRowsHome(), empty]
      const samples = homes.map((): number[] => [])
      const starts = await Promise.all(homes.map(home => starting(home, nothing)))
      // Timed inside: the stop of a daemon is no part of it.
      await interleaved(
        rounds,
        starts.map((start, index) => ({ run: async () => void samples[index]?.push(await start()) })),
        2,
      )
      const [large = 0, none = 0] = samples.map(times => median(times.slice(2)))
      return [
        {
          what: '1 000 000 rows against none',
          value: large / none,
          unit: '×',
          atMost: 1.5,
          from: `${ms(large)} against ${ms(none)}`,
        },
      ]
    }),
}

/** A function that starts a daemon with a pending column and gives the milliseconds until it is ready. */
async function starting(home: string, nothing: string): Promise<() => Promise<number>> {
  const { schema, directory } = homeAt(home)
  const column = { name: 'stop_reason', type: 'string', from: '/message/stop_reason', doc: 'Why the answer ended.' }
  await mkdir(schema, { recursive: true })
  await writeFile(join(schema, `${builtinTable}.json`), JSON.stringify({ columns: [column] }))
  const restore = await restorer(tableDirectory(homeAt(home), { table: builtinTable }))
  return async () => {
    const start = performance.now()
    const child = spawn(process.execPath, ['bin/hyp.js', 'daemon', '--log-format', 'json'], {
      env: { ...process.env, HYP_HOME: directory, CLAUDE_CONFIG_DIR: nothing, CODEX_HOME: nothing },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    let evolved = false
    let took: number | undefined
    for await (const line of createInterface({ input: child.stdout })) {
      const { msg } = JSON.parse(line) as { readonly msg: string }
      if (msg === 'evolved') evolved = true
      if (msg !== 'ready') continue
      took = performance.now() - start
      child.kill('SIGTERM')
    }
    await closed
    await restore()
    if (took === undefined || !evolved) throw new Error('the daemon was not ready, or the column was not pending')
    return took
  }
}
