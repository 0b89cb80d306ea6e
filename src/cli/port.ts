import { HypError } from '../errors.ts'
import type { OptionEntry, OptionValues } from './option.ts'

export const portSetting: OptionEntry = {
  flags: '--port <n>',
  description: 'where to listen on 127.0.0.1; by default any free port, which run/daemon.json then names',
  env: 'HYP_PORT',
}

/** What was set; undefined where nothing was. @throws HypError CONFIG_INVALID */
export function portOf({ port }: OptionValues): number | undefined {
  if (port === undefined) return undefined
  if (typeof port === 'string' && /^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port)
  throw new HypError('CONFIG_INVALID', `--port is ${JSON.stringify(port)}.`, {
    hint: 'It takes a number up to 65535; 0 is any free port.',
  })
}
