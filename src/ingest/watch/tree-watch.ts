import { basename, join } from 'node:path'
import { type SourceName, sourceNames, sources } from '../../sources/catalogue.ts'
import type { Unreadable, Whereabouts } from '../../sources/source.ts'
import { unreadable as unreadableAs } from '../../sources/unreadable.ts'
import { type WatchFolder, watchFolders } from './folders.ts'
import type { WatchPace } from './pace.ts'
import { isSameStamp, lookAt, type Stamp, stampOf } from './stamp.ts'
import { type Place, type Visitor, walkTree } from './tree.ts'

/** A transcript that is watched. */
export interface WatchedFile {
  readonly path: string
  readonly source: SourceName
  /** As it was when its rows were taken care of last; undefined where they never were. */
  stamp: Stamp | undefined
  /** Why it could not be read, or not to its end. */
  problem: string | undefined
  /** Nothing of it could be read: it is tried again without having changed. */
  isUnopened: boolean
}

/** Knows every transcript of all sources, and which of them changed. */
export interface TreeWatch {
  readonly files: ReadonlyMap<string, WatchedFile>
  /** Directories that are known, whether the system watches them or not. */
  directories(): number
  /** Why the system does not watch some directories; undefined where it watches all. */
  limit(): string | undefined
  /** What cannot be read at present. */
  unreadable(): readonly Unreadable[]
  /** Whether the system told of something since the last look. */
  isTouched(): boolean
  /** When the next look is due, as `performance.now()`. */
  dueAt(): number
  /** Looks at what was touched, and at all that is due. @returns whether that was everything @throws the signal's reason */
  look(): Promise<boolean>
  /** Looks at everything; the first time all is taken as it is, and later what is new or not as it was has changed. */
  sweep(): Promise<void>
  /** The files that changed, to be read; they are asked for once. */
  takeChanged(): readonly WatchedFile[]
  /** A file is to be looked at once more. */
  readonly again: (file: WatchedFile) => void
  /** A file is not there any more. */
  readonly forget: (file: WatchedFile) => void
  close(): void
}

export interface TreeWatchOptions {
  readonly where: Whereabouts
  readonly pace: WatchPace
  readonly signal: AbortSignal
  /** Called when the system tells of something. */
  readonly onTouched: () => void
  readonly watchFolder?: WatchFolder | undefined
}

/** So many files are looked at again and again although the system watches them: it does not tell of everything. */
const mostActive = 100

/** Of more directories that the system does not watch, new files are found when everything is looked at. */
const mostLookedAt = 1_000

/** Where the system does not watch for us, looking at all files takes at most this share of a core. */
const lookingShare = 0.004

export function watchTree({ where, pace, signal, onTouched, watchFolder }: TreeWatchOptions): TreeWatch {
  const places = new Map(sourceNames.map(name => [name, sources[name].places(where)] as const))
  const files = new Map<string, WatchedFile>()
  const directories = new Map<string, Place & { readonly stamp: Stamp }>()
  const problems = new Map<string, string>()
  const changed = new Set<string>()
  /** Entries of directories of which the system told, and that are no known files. */
  const touched = new Map<string, Place>()
  /** Files that changed lately, and until when they are looked at more often. */
  const active = new Map<string, number>()
  const folders = watchFolders(noteChange, watchFolder)
  let isSwept = false
  let tickAt = 0
  let sweepAt = 0
  const visitor: Visitor = {
    directory: (place, stamp) => {
      directories.set(place.path, { ...place, stamp })
      folders.add(place.path, stamp.id)
    },
    file: found,
    unreadable: ({ path, reason }) => void problems.set(path, reason),
  }

  return {
    files,
    directories: () => directories.size,
    limit: () => folders.limit(),
    unreadable,
    isTouched: () => changed.size > 0 || touched.size > 0,
    dueAt: () => tickAt,
    look: async () => {
      await lookAtTouched()
      if (performance.now() < tickAt) return false
      const isSweepDue = performance.now() >= sweepAt
      await (isSweepDue ? sweep() : lookAtActive())
      tickAt = performance.now() + pace.tickMs
      return isSweepDue
    },
    sweep,
    takeChanged: () => {
      const taken = [...changed].flatMap(path => files.get(path) ?? [])
      changed.clear()
      for (const { path } of taken) keepActive(path)
      return taken
    },
    again: ({ path }) => {
      if (!files.has(path)) return
      changed.add(path)
      onTouched()
    },
    forget: ({ path }) => void files.delete(path),
    close: () => folders.close(),
  }

  function unreadable(): Unreadable[] {
    const all = Array.from(problems, ([path, reason]) => ({ path, reason }))
    for (const { path, problem } of files.values()) if (problem !== undefined) all.push({ path, reason: problem })
    return all
  }

  function noteChange(directory: string, name: string | null): void {
    const place = directories.get(directory)
    if (place === undefined) return
    const path = name === null ? directory : join(directory, name)
    if (files.has(path)) changed.add(path)
    else if (name !== null) touched.set(path, { source: place.source, path, depth: place.depth + 1 })
    // By its own name a directory tells that it is gone, and there may be another one in its place.
    if (name === null || name === basename(directory)) touched.set(directory, place)
    onTouched()
  }

  function found(path: string, source: SourceName, stamp: Stamp): void {
    const known = files.get(path)
    if (known === undefined)
      files.set(path, { path, source, stamp: isSwept ? undefined : stamp, problem: undefined, isUnopened: false })
    if (known === undefined ? isSwept : known.isUnopened || isOther(known, stamp)) changed.add(path)
    if (!isSwept && Date.now() - stamp.mtimeMs < pace.activeMs) keepActive(path)
  }

  function keepActive(path: string): void {
    active.delete(path)
    active.set(path, performance.now() + pace.activeMs)
    for (const oldest of active.keys()) if (active.size > mostActive) active.delete(oldest)
  }

  /** New files, and directories that came or went. */
  async function lookAtTouched(): Promise<void> {
    const waiting = [...touched]
    touched.clear()
    const wereDirectories = new Set(waiting.map(([path]) => path).filter(path => directories.has(path)))
    // All of them first: a directory that was moved has the same id under its new name.
    for (const path of wereDirectories) forget(path)
    for (const [path, place] of waiting) {
      const { isTranscript, isEntered } = placesOf(place)
      const stats = look(path)
      if (stats?.isFile() === true && isTranscript(basename(path), path)) found(path, place.source, stampOf(stats))
      else if (
        stats?.isDirectory() === true &&
        (wereDirectories.has(path) || isEntered(basename(path), place.depth - 1, path))
      )
        await walk(place, new Set(Array.from(directories.values(), ({ stamp }) => stamp.id)))
    }
  }

  async function lookAtActive(): Promise<void> {
    for (const [path, until] of active) {
      const file = files.get(path)
      if (file === undefined || until < performance.now()) active.delete(path)
      else {
        const stats = look(path)
        if (stats === undefined || isOther(file, stampOf(stats))) changed.add(path)
      }
    }
    lookAtUnwatched()
    // Nothing tells of a root that comes, or of one that was made anew.
    for (const root of roots()) {
      const stats = look(root.path)
      const id = stats === undefined ? undefined : stampOf(stats).id
      if (directories.get(root.path)?.stamp.id === id) continue
      forget(root.path)
      if (id !== undefined) await walk(root)
    }
  }

  /** A directory changes when a file comes or goes. */
  function lookAtUnwatched(): void {
    if (folders.limit() === undefined || directories.size > mostLookedAt) return
    for (const { stamp, ...place } of directories.values()) {
      if (folders.isWatched(place.path)) continue
      const stats = look(place.path)
      if (stats === undefined || !isSameStamp(stampOf(stats), stamp)) touched.set(place.path, place)
    }
  }

  async function sweep(): Promise<void> {
    const start = performance.now()
    const known = new Set([...directories.keys(), ...files.keys()])
    const entered = new Set<string>()
    const tick: Visitor = {
      ...visitor,
      directory: (place, stamp) => {
        known.delete(place.path)
        visitor.directory(place, stamp)
      },
      file: (path, ...rest) => {
        known.delete(path)
        visitor.file(path, ...rest)
      },
    }
    problems.clear()
    folders.retry()
    for (const root of roots()) await walk(root, entered, tick)
    for (const path of known) {
      // What is in a directory that cannot be listed at present is still there.
      if (!isGone(path)) continue
      files.delete(path)
      forget(path)
    }
    isSwept = true
    const took = performance.now() - start
    sweepAt =
      performance.now() + (folders.limit() === undefined ? pace.sweepMs : Math.min(pace.sweepMs, took / lookingShare))
  }

  function forget(directory: string): void {
    folders.remove(directory)
    for (const path of directories.keys()) if (!folders.has(path)) directories.delete(path)
  }

  function walk(place: Place, entered = new Set<string>(), visits = visitor): Promise<void> {
    return walkTree(place, placesOf(place), visits, entered, signal)
  }

  function placesOf({ source }: Place): ReturnType<(typeof sources)[SourceName]['places']> {
    return places.get(source) as ReturnType<(typeof sources)[SourceName]['places']>
  }

  function roots(): Place[] {
    return sourceNames.flatMap(source =>
      placesOf({ source, path: '', depth: 0 }).roots.map(path => ({ source, path, depth: 0 })),
    )
  }

  function look(path: string): ReturnType<typeof lookAt> {
    try {
      return lookAt(path)
    } catch (error) {
      visitor.unreadable(unreadableAs(path, error))
      return undefined
    }
  }
}

function isGone(path: string): boolean {
  try {
    return lookAt(path) === undefined
  } catch {
    return false
  }
}

function isOther({ stamp }: WatchedFile, now: Stamp): boolean {
  return stamp === undefined || !isSameStamp(stamp, now)
}
