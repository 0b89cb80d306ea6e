import { posix } from 'node:path'
import type { Source } from './source.ts'

/** One rule of the house: the messages for a source that breaks it. */
interface Rule {
  readonly name: string
  readonly check: (source: Source) => readonly string[]
}

/** Imports go down only; rooms of the same height do not know each other. */
const heights: Readonly<Record<string, number>> = {
  iceberg: 1,
  'error-catalogue.ts': 1.4,
  'errors.ts': 1.5,
  'version.ts': 1.5,
  schema: 2,
  stores: 3,
  sources: 4,
  ingest: 5,
  query: 5,
  daemon: 6,
  cli: 7,
  'index.ts': 8,
}

/** The only files below the daemon's wiring that touch a disk on behalf of the format. */
const seams = ['src/iceberg/file-io/local.ts']

/** What the errors may import: every room imports them. */
const errorImports: Readonly<Record<string, readonly string[]>> = {
  'src/error-catalogue.ts': ['src/iceberg/errors.ts'],
  'src/errors.ts': ['src/iceberg/errors.ts', 'src/error-catalogue.ts'],
}

const ioModules = [
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'fs',
  'http',
  'http2',
  'https',
  'net',
  'process',
  'readline',
  'tls',
  'tty',
  'worker_threads',
]

/** Where a package may be imported, as patterns of paths; every other package may be imported anywhere. */
const packageRooms: Readonly<Record<string, RegExp>> = {
  '@duckdb/node-api': /^src\/query\//,
  'apache-arrow': /^src\/(query|cli\/render|ingest\/batch\/arrow)\//,
  commander: /^src\/cli\//,
  fzstd: /^src\/sources\/zst\.ts$/,
  icebird: /^src\/(.*\/)?[^/]*icebird[^/]*$/,
  libsql: /^src\/(daemon|ingest)\/lock\.ts$/,
  pino: /^src\/daemon\//,
  'prom-client': /^src\/daemon\/metrics\//,
}

export const rules: readonly Rule[] = [
  {
    name: 'room',
    check: ({ path }) => {
      if (heights[roomOf(path)] === undefined) return [`src/${roomOf(path)} is not a room of the house`]
      const vague = /(^|[/-])(utils?|helpers?|managers?|common|misc)([/.-]|$)/.exec(path)
      return vague === null ? [] : [`"${vague[2]}" says nothing: name it by what it holds`]
    },
  },
  {
    name: 'down',
    check: source =>
      siblings(source).flatMap(target => {
        const from = roomOf(source.path)
        const to = roomOf(target)
        if (from === to || (heights[from] ?? 0) > (heights[to] ?? 0)) return []
        return [`${from} may not import ${to} (${target})`]
      }),
  },
  {
    name: 'errors',
    check: source => {
      const allowed = errorImports[source.path]
      if (allowed === undefined) return []
      return siblings(source)
        .filter(target => !allowed.includes(target))
        .map(target => `may import ${allowed.join(' and ')} only, not ${target}`)
    },
  },
  {
    name: 'index',
    check: source =>
      source.path !== 'src/index.ts'
        ? []
        : siblings(source)
            .filter(target => roomOf(target) === 'cli')
            .map(target => `the library may not bring the command line (${target})`),
  },
  {
    name: 'pure',
    check: source => {
      if (!['iceberg', 'schema'].includes(roomOf(source.path)) || seams.includes(source.path)) return []
      const modules = source.imports.filter(name => ioModules.includes(builtinOf(name)))
      const globals = source.effects.filter(name => name === 'process' || name === 'fetch')
      return [...modules, ...globals].map(name => `${name} is I/O: take it as an argument`)
    },
  },
  {
    name: 'exit',
    check: source =>
      source.path === 'src/cli/main.ts'
        ? []
        : source.effects
            .filter(name => name === 'process.exit' || name === 'process.exitCode')
            .map(name => `${name} belongs to src/cli/main.ts`),
  },
  {
    name: 'print',
    check: source => {
      if (roomOf(source.path) === 'cli') return []
      const prints = ['console', 'process.stdout', 'process.stderr'].filter(name => source.effects.includes(name))
      // By their modules the same globals could be had under any name.
      const modules = source.imports.filter(name => ['console', 'process'].includes(builtinOf(name)))
      return [...prints, ...modules].map(name => `${name} belongs to src/cli/`)
    },
  },
  {
    name: 'package',
    check: source =>
      source.imports
        .filter(name => packageRooms[packageOf(name)]?.test(source.path) === false)
        .map(name => `${name} may not be imported here`),
  },
]

/** Every breach of every rule, as `path: message [rule]`. */
export function breaches(sources: readonly Source[]): string[] {
  return sources.flatMap(source =>
    rules.flatMap(rule => rule.check(source).map(message => `${source.path}: ${message} [${rule.name}]`)),
  )
}

/** The files of the project that a source imports. */
export function siblings(source: Source): string[] {
  return source.imports
    .filter(name => name.startsWith('.'))
    .map(name => posix.join(posix.dirname(source.path), name))
    .filter(target => target.startsWith('src/'))
}

/** The folder of `src/`, or the file itself where it lies in `src/`. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? path
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

function builtinOf(name: string): string {
  return name.replace(/^node:/, '').split('/')[0] ?? name
}
