import { chmod, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { HypError, toHypError } from '../errors.ts'
import { localFileIO } from '../iceberg/file-io/local.ts'
import type { Declaration } from '../schema/declaration.ts'

/** Everything hyp keeps on this machine, as paths below one private directory. */
export interface Home {
  readonly directory: string
  /** The user's declarations: schema/<table>.json. */
  readonly schema: string
  /** What tokens cost, if the user says it. */
  readonly prices: string
  /** What the user decided, such as how long rows are kept. */
  readonly config: string
  readonly tables: string
  /** Rows on their way to a table: spool/<table>. */
  readonly spool: string
  /** Damaged bytes of a spool, kept aside: quarantine/<table>. */
  readonly quarantine: string
  readonly records: string
  readonly run: string
  /** Opened through SQLite only: any other open-and-close in the holder would release it. */
  readonly lock: string
  readonly daemonFile: string
  /** What a program has to know to be answered over TCP. */
  readonly token: string
  readonly log: string
  /** Room for the commit that frees space when the disk is full; means nothing. */
  readonly reserve: string
  /** Which sessions the data files of the built-in table hold: can be removed at any time. */
  readonly sessionsFile: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** `--home` or HYP_HOME, else $XDG_DATA_HOME/hyp, else ~/.local/share/hyp. */
export function resolveHome(env: Environment, flag?: string, userHome: string = homedir()): Home {
  const named = flag ?? env['HYP_HOME']
  const data = env['XDG_DATA_HOME']
  const base = data !== undefined && isAbsolute(data) ? data : join(userHome, '.local', 'share')
  return homeAt(named === undefined || named === '' ? join(base, 'hyp') : resolve(named))
}

export function homeAt(directory: string): Home {
  const run = join(directory, 'run')
  return {
    directory,
    schema: join(directory, 'schema'),
    prices: join(directory, 'prices.json'),
    config: join(directory, 'config.json'),
    tables: join(directory, 'tables'),
    spool: join(directory, 'spool'),
    quarantine: join(directory, 'quarantine'),
    records: join(directory, 'records'),
    run,
    lock: join(run, 'lock'),
    daemonFile: join(run, 'daemon.json'),
    token: join(run, 'token'),
    log: join(run, 'daemon.log'),
    reserve: join(run, 'reserve'),
    sessionsFile: join(run, 'sessions.json'),
  }
}

/** Where a declared table lies: in the home, unless its declaration names another directory. */
export function tableDirectory(home: Home, { table, location }: Pick<Declaration, 'table' | 'location'>): string {
  return location === undefined ? join(home.tables, table) : resolve(location)
}

/** Makes the home and its folders where they are missing, durable and readable to their owner only. @throws HypError HOME_UNUSABLE, DISK_FULL, DISK_FAILED */
export async function ensureHome(home: Home): Promise<void> {
  try {
    for (const directory of [home.directory, home.schema, home.tables, home.run])
      await localFileIO.makeDirectory(directory)
    const { mode } = await stat(home.directory)
    if ((mode & 0o077) !== 0) await chmod(home.directory, 0o700)
  } catch (cause) {
    throw unusableHome(home, cause)
  }
}

/** What somebody is told who wanted to write to a home, and cannot. */
export function unusableHome({ directory }: Pick<Home, 'directory'>, cause: unknown): HypError {
  const { code, message } = toHypError(cause)
  if (code === 'DISK_FULL' || code === 'DISK_FAILED') return toHypError(cause)
  const isReadOnly = cause instanceof Error && 'code' in cause && readOnly.has(String(cause.code))
  const hint =
    'What only reads, and --dry-run, works where it can be read. To write, mend its permissions, or name another home with HYP_HOME.'
  return new HypError(
    'HOME_UNUSABLE',
    `The home ${directory} cannot be ${isReadOnly ? 'written' : 'used'}: ${message}.`,
    {
      ...(isReadOnly ? { hint } : {}),
      cause,
    },
  )
}

const readOnly: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM'])
