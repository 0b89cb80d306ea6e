import { createHash } from 'node:crypto'
import { basename, dirname } from 'node:path/posix'
import type { FileIO, OutputFile } from '../../src/iceberg/file-io/file-io.ts'

/*
 * A disk in memory that loses power. Bytes that were not synced and names
 * whose directory was not synced survive a cut by chance, in any order: a
 * later name without an earlier one, a file with half of its bytes, none, or
 * other ones.
 */

interface File {
  readonly kind: 'file'
  readonly bytes: Uint8Array
  /** As many of the bytes are durable. */
  readonly synced: number
}

interface Directory {
  readonly kind: 'directory'
  readonly names: ReadonlyMap<string, number>
  readonly durable: ReadonlyMap<string, number>
  /** Since the last sync, in order; a rename is one change of two names. */
  readonly pending: readonly Change[]
}

type Change = readonly (readonly [name: string, node: number | undefined])[]
type Node = File | Directory

const rootNode = 0
const empty: Directory = { kind: 'directory', names: new Map(), durable: new Map(), pending: [] }

export class PowerDisk {
  /** Nodes are never changed, only replaced: a copy of the disk is a copy of this map. */
  readonly #nodes: Map<number, Node>
  #next: number
  /** Called before everything that changes the disk or makes a change durable. */
  onChange: (call: string) => void = () => undefined

  constructor(nodes: ReadonlyMap<number, Node> = new Map([[rootNode, empty]])) {
    this.#nodes = new Map(nodes)
    this.#next = Math.max(...nodes.keys()) + 1
  }

  /** The disk as it is now: what a process finds when another one was killed. */
  copy(): PowerDisk {
    return new PowerDisk(this.#nodes)
  }

  /** The disk after a power cut. */
  cutPower(random: () => number): PowerDisk {
    // Sometimes nothing that was not synced survives, sometimes all names do, and mostly some.
    const chance = [0, 1, 0.2, 0.5, 0.8][Math.floor(random() * 5)] as number
    const nodes = new Map<number, Node>()
    for (const [id, node] of this.#nodes) {
      if (node.kind === 'file') {
        const bytes = survivingBytes(node, random)
        nodes.set(id, { kind: 'file', bytes, synced: bytes.byteLength })
        continue
      }
      const names = new Map(node.durable)
      for (const change of node.pending) {
        if (random() >= chance) continue
        for (const [name, target] of change) {
          if (target === undefined) names.delete(name)
          else names.set(name, target)
        }
      }
      nodes.set(id, { kind: 'directory', names, durable: names, pending: [] })
    }
    return new PowerDisk(nodes)
  }

  /** Every file below a directory with its bytes. */
  contents(directory: string): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>()
    const walk = (path: string): void => {
      for (const [name, id] of this.#directory(path).names) {
        const node = this.#nodes.get(id) as Node
        if (node.kind === 'file') found.set(`${path}/${name}`, node.bytes)
        else walk(`${path}/${name}`)
      }
    }
    walk(directory)
    return found
  }

  /** A text that is the same for the same names and bytes below a directory, durable or not; empty where it is not. */
  state(directory: string): string {
    const root = this.#find(directory)
    if (root === undefined) return ''
    const lines: string[] = []
    const walk = (path: string, id: number): void => {
      const node = this.#nodes.get(id) as Node
      lines.push(`${node.kind === 'file' ? digestOf(node.bytes) : 'directory'} ${path}`)
      if (node.kind === 'file') return
      for (const [name, child] of node.names) walk(`${path}/${name}`, child)
    }
    walk(directory, root)
    return lines.sort().join('\n')
  }

  /** Changes bits of one byte of a file, as a failing disk does: nobody is told. */
  damage(path: string, at: number, bits: number): void {
    const id = this.#id(path)
    const file = this.#file(id)
    this.#nodes.set(id, { ...file, bytes: file.bytes.map((byte, index) => (index === at ? byte ^ bits : byte)) })
  }

  /** What a process sees of the disk. */
  readonly io: FileIO = {
    read: async path => this.#file(this.#id(path)).bytes,
    open: async path => {
      const { bytes } = this.#file(this.#id(path))
      return {
        size: bytes.byteLength,
        read: async (start, end) => bytes.slice(start, end),
        close: async () => undefined,
      }
    },
    create: async path => {
      if (this.#find(path) !== undefined) throw systemError('EEXIST', path)
      this.onChange(`create ${path}`)
      const id = this.#add({ kind: 'file', bytes: new Uint8Array(), synced: 0 })
      this.#change(dirname(path), [[basename(path), id]])
      return this.#output(id, path)
    },
    link: async (from, to) => {
      const id = this.#id(from)
      if (this.#find(to) !== undefined) return false
      this.onChange(`link ${to}`)
      this.#change(dirname(to), [[basename(to), id]])
      return true
    },
    rename: async (from, to) => {
      const id = this.#id(from)
      this.onChange(`rename ${to}`)
      this.#change(dirname(to), [
        [basename(from), undefined],
        [basename(to), id],
      ])
    },
    remove: async path => {
      if (this.#find(path) === undefined) return
      this.onChange(`remove ${path}`)
      this.#change(dirname(path), [[basename(path), undefined]])
    },
    list: async directory => (this.#find(directory) === undefined ? [] : [...this.#directory(directory).names.keys()]),
    // Nothing here tells the time: all is old.
    listFiles: async directory =>
      this.#find(directory) === undefined
        ? []
        : [...this.contents(directory)].map(([path, { byteLength }]) => ({ path, size: byteLength, modifiedMs: 0 })),
    size: async path => {
      const id = this.#find(path)
      return id === undefined ? undefined : this.#file(id).bytes.byteLength
    },
    look: async path => {
      const id = this.#find(path)
      // Nothing here tells the time: all is old.
      return id === undefined ? undefined : { kind: (this.#nodes.get(id) as Node).kind, modifiedMs: 0 }
    },
    makeDirectory: async directory => {
      for (const made of this.#makeDirectories(directory)) this.#sync(dirname(made))
    },
    syncFile: async path => this.#syncFile(this.#id(path), path),
    syncDirectory: async directory => this.#sync(directory),
  }

  #output(id: number, path: string): OutputFile {
    const add = (part: Uint8Array): void => {
      this.onChange(`write ${path}`)
      const file = this.#file(id)
      this.#nodes.set(id, { ...file, bytes: Buffer.concat([file.bytes, part]) })
    }
    const sync = (): void => this.#syncFile(id, path)
    return {
      write: async bytes => {
        // In two parts, so that there is a moment between them. The caller may use its buffer again.
        const whole = bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes)
        add(whole.slice(0, whole.byteLength >> 1))
        add(whole.slice(whole.byteLength >> 1))
      },
      sync: async () => sync(),
      finish: async ({ durable } = { durable: true }) => {
        if (durable) sync()
      },
      abandon: async () => undefined,
    }
  }

  #syncFile(id: number, path: string): void {
    this.onChange(`sync ${path}`)
    const file = this.#file(id)
    this.#nodes.set(id, { ...file, synced: file.bytes.byteLength })
  }

  #sync(directory: string): void {
    this.onChange(`sync ${directory}`)
    const node = this.#directory(directory)
    this.#nodes.set(this.#id(directory), { ...node, durable: node.names, pending: [] })
  }

  /** Makes a directory with its parents; gives those that were not there, the outermost last. */
  #makeDirectories(path: string): string[] {
    if (this.#find(path) !== undefined) return []
    const parents = this.#makeDirectories(dirname(path))
    this.onChange(`mkdir ${path}`)
    this.#change(dirname(path), [[basename(path), this.#add(empty)]])
    return [path, ...parents]
  }

  #find(path: string): number | undefined {
    let id: number | undefined = rootNode
    for (const name of path.split('/').filter(part => part !== '')) {
      const node: Node | undefined = this.#nodes.get(id)
      id = node?.kind === 'directory' ? node.names.get(name) : undefined
      if (id === undefined) return undefined
    }
    return id
  }

  #id(path: string): number {
    const id = this.#find(path)
    if (id === undefined) throw systemError('ENOENT', path)
    return id
  }

  #file(id: number): File {
    const node = this.#nodes.get(id)
    if (node?.kind !== 'file') throw new Error('this is a directory')
    return node
  }

  #directory(path: string): Directory {
    const node = this.#nodes.get(this.#id(path)) as Node
    if (node.kind !== 'directory') throw systemError('ENOTDIR', path)
    return node
  }

  #add(node: Node): number {
    const id = this.#next++
    this.#nodes.set(id, node)
    return id
  }

  #change(path: string, change: Change): void {
    const id = this.#id(path)
    const directory = this.#directory(path)
    const names = new Map(directory.names)
    for (const [name, node] of change) {
      if (node === undefined) names.delete(name)
      else names.set(name, node)
    }
    this.#nodes.set(id, { ...directory, names, pending: [...directory.pending, change] })
  }
}

const digests = new WeakMap<Uint8Array, string>()

/** The digest of bytes that nobody changes any more, found once: copies of a disk have the same ones. */
export function digestOf(bytes: Uint8Array): string {
  const known = digests.get(bytes)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(bytes).digest('base64')
  digests.set(bytes, digest)
  return digest
}

function survivingBytes({ bytes, synced }: File, random: () => number): Uint8Array {
  if (synced === bytes.byteLength) return bytes
  const part = synced + Math.floor(random() * (bytes.byteLength - synced))
  switch (Math.floor(random() * 5)) {
    case 0:
      return bytes.subarray(0, synced)
    case 1:
      return bytes.subarray(0, part)
    case 2:
      return bytes
    case 3:
      return bytes.map((byte, index) => (index < synced ? byte : 0))
    default:
      return bytes.map((byte, index) => (index < part ? byte : Math.floor(random() * 256)))
  }
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code, path })
}
