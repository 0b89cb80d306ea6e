import { join } from 'node:path'
import { describe } from 'vitest'
import { installJava } from './differential-install.ts'
import { installForeign } from './foreign-install.ts'
import { type Ask, lineProgram } from './foreign-process.ts'

const java = await installJava()
const foreign = await installForeign()
const missing = 'missing' in java ? java.missing : 'missing' in foreign ? foreign.missing : undefined
if (missing !== undefined) console.warn(`skipped: differential tests, which need Java, Maven and Python — ${missing}`)

/** Without the engines tests are skipped; CI may not. */
export const isSkipped: boolean = missing !== undefined && process.env['CI'] !== 'true'

/** `describe` for tests that need both engines. */
export const describeWithBoth = isSkipped ? describe.skip : describe

/** Java and PyIceberg, to be asked as Main.java and differential-python.py say. */
export interface Engines {
  readonly java: Ask
  readonly python: Ask
}

/** The engines, which start when they are first asked. */
export function startEngines(): Engines {
  if ('missing' in java || 'missing' in foreign)
    throw new Error(`CI needs Java, Maven and Python, and they could not be had: ${missing}`)
  return {
    java: lineProgram(java.command, java.args),
    python: lineProgram(foreign.python, [join(import.meta.dirname, 'differential-python.py')]),
  }
}
