import type { IntakeLimits } from '../daemon/intake-limits.ts'
import { HypError } from '../errors.ts'
import type { OptionEntry, OptionValues } from './option.ts'
import { portSetting } from './port.ts'

/** Settings of a daemon, wherever it is started. */
export const daemonSettings: readonly OptionEntry[] = [
  portSetting,
  {
    flags: '--flush-age <seconds>',
    description: 'how long acknowledged rows wait for others before they go into their table; 30 by default',
    env: 'HYP_FLUSH_AGE',
  },
  {
    flags: '--spool-limit <MiB>',
    description: 'with so many acknowledged rows on their way to the tables no more are taken; 2048 by default',
    env: 'HYP_SPOOL_LIMIT',
  },
]

/** @throws HypError CONFIG_INVALID for what is not a number in its range */
export function intakeLimits(options: OptionValues): Partial<IntakeLimits> {
  const age = numberOf(options, 'flushAge', '--flush-age', 0, 86_400)
  const limit = numberOf(options, 'spoolLimit', '--spool-limit', 1, 1024 * 1024)
  return {
    ...(age === undefined ? {} : { flushAgeMs: age * 1000 }),
    ...(limit === undefined ? {} : { spoolBytes: limit * 1024 * 1024 }),
  }
}

/** The settings as words, for another process. */
export function settingWords(options: OptionValues): string[] {
  return daemonSettings.flatMap(({ flags }) => {
    const [flag = ''] = flags.split(' ')
    const name = flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    const value = options[name]
    return typeof value === 'string' ? [flag, value] : []
  })
}

function numberOf(options: OptionValues, name: string, flag: string, least: number, most: number): number | undefined {
  const text = options[name]
  if (text === undefined) return undefined
  const number = Number(text)
  if (typeof text === 'string' && /^\d+(?:\.\d+)?$/.test(text) && number >= least && number <= most) return number
  throw new HypError('CONFIG_INVALID', `${flag} is ${JSON.stringify(text)}.`, {
    hint: `It takes a number from ${least} to ${most}.`,
  })
}
