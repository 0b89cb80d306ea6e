interface LockEntry {
  readonly version?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The part of a `package-lock.json` that is looked at here. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>
}

/** Optional dependencies that a package of the lock names and the lock does not hold, each with the package's entry. */
export function missingBinaries(lock: Lock): [name: string, version: string, of: LockEntry][] {
  return Object.values(lock.packages).flatMap(entry =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => lock.packages[`node_modules/${name}`] === undefined)
      .map(([name, version]): [string, string, LockEntry] => [name, version, entry]),
  )
}

/**
 * The lock with an entry for each missing binary.
 *
 * npm drops an optional binary that its registry cannot show at the moment of locking, and then `npm ci` refuses the
 * lock on every platform. The version is the one that the package itself pins; there is no hash to be had.
 */
export function completeLock(lock: Lock): { completed: Lock; added: string[] } {
  const missing = missingBinaries(lock)
  const packages: Record<string, LockEntry> = { ...lock.packages }
  for (const [name, version, of] of missing) packages[`node_modules/${name}`] = entryOf(name, version, of.dev === true)
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
  return { completed: { ...lock, packages: sorted }, added: missing.map(([name]) => name) }
}

function entryOf(name: string, version: string, dev: boolean): LockEntry {
  if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name} is not pinned: ${version}`)
  const words = name.split('/').at(-1)?.split('-') ?? []
  const os = words.find(word => /^(aix|android|darwin|freebsd|linux|openharmony|win32)$/.test(word))
  const cpu = words.find(word => /^(arm|arm64|ia32|ppc64|riscv64|s390x|wasm32|x64)$/.test(word))
  if (cpu === undefined) throw new Error(`${name} does not say what it runs on`)
  return {
    version,
    cpu: [cpu],
    ...(dev ? { dev: true } : {}),
    ...(os === 'linux' ? { libc: [words.some(word => word.startsWith('musl')) ? 'musl' : 'glibc'] } : {}),
    optional: true,
    ...(os === undefined ? {} : { os: [os] }),
  }
}
