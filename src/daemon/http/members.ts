import { HypError } from '../../errors.ts'
import type { Exchange, JsonObject } from './route.ts'

/** Who is commanded, and with which members. */
type Commanded = Pick<Exchange<never, JsonObject>, 'daemon' | 'body'>

type WithBody = Pick<Commanded, 'body'>

/** What is asked of one release is not quietly done as another. */
export function checkRelease({ daemon, body }: Commanded): void {
  const { release } = body
  if (release === undefined || release === daemon.release) return
  throw new HypError(
    'VERSION_MISMATCH',
    `The daemon runs as release ${daemon.release}, the command as release ${JSON.stringify(release)}.`,
    { hint: `Leave --as-release out, or restart the daemon: \`hyp stop\`, then \`hyp start --as-release N\`.` },
  )
}

/** A member that nobody looks at would be obeyed by chance only. @throws HypError USAGE */
export function checkMembers({ body }: WithBody, known: readonly string[]): void {
  const unknown = Object.keys(body).find(member => member !== 'release' && !known.includes(member))
  if (unknown === undefined) return
  throw new HypError('USAGE', `The body has ${JSON.stringify(unknown)}, which means nothing here.`, {
    hint: `It may have ${[...known, 'release'].join(', ')}.`,
  })
}

const meanings = {
  since: 'a day or an instant',
  until: 'a day or an instant',
  expect: 'the id of a plan',
  table: 'the name of a declared table',
  target: 'the name of a declared table, or a directory',
  directory: 'the whole path of a directory',
  name: 'the name of a table',
} as const

/** A member of the body. @throws HypError USAGE for anything but a text */
export function textOf({ body }: WithBody, member: keyof typeof meanings): string | undefined {
  const value = body[member]
  if (value === undefined || typeof value === 'string') return value
  throw new HypError('USAGE', `${member} is ${meanings[member]}.`)
}

/** A member of the body; false where it is left out. @throws HypError USAGE for anything but true or false */
export function flagOf({ body }: WithBody, member: 'dryRun' | 'purge'): boolean {
  const { [member]: value = false } = body
  if (typeof value === 'boolean') return value
  throw new HypError('USAGE', `${member} is true or false.`)
}
