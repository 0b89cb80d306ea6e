import { basename } from 'node:path'
import type { ReadPoint } from '../../sources/source.ts'
import { type Edges, edgesOf, foundEdges, type Stamp } from './stamp.ts'

/** Up to where the rows of a file are taken care of, and what shows that it is still the same up to there. */
export interface Mark {
  /** The file's own name: moved elsewhere, it is the same file. */
  readonly name: string
  /** Bytes. */
  readonly offset: number
  readonly edges: Edges
  /** To read on from; undefined where it was given up, or the file was read by somebody else. */
  point: ReadPoint | undefined
}

/** Where a reading of a file begins, and up to which offset its rows need not be handed over. */
export interface Start {
  readonly from: ReadPoint | undefined
  readonly taken: number
}

const beginning: Start = { from: undefined, taken: 0 }

/** Of so many files it is remembered how to read on. */
const mostPoints = 256

/** The marks of files, by what the file system calls them. */
export class Marks {
  readonly #marks = new Map<string, Mark>()
  readonly #withPoint = new Set<Mark>()
  readonly #most: number

  constructor(most: number = mostPoints) {
    this.#most = most
  }

  /**
   * Marks a file whose rows up to an offset are taken care of.
   * @param edges of the bytes that were read; where left out, nobody here read them
   */
  set(
    path: string,
    { id }: Stamp,
    offset: number,
    point?: ReadPoint,
    edges: Edges | undefined = edgesOf(path, offset, foundEdges),
  ): void {
    this.#drop(id)
    if (edges === undefined) return
    const mark = { name: basename(path), offset, edges, point }
    this.#marks.set(id, mark)
    if (point !== undefined) this.#keepPoint(mark)
  }

  has({ id }: Stamp): boolean {
    return this.#marks.has(id)
  }

  /** Bytes of a file that are behind the point to read on from. */
  behind({ id }: Stamp): number {
    const mark = this.#marks.get(id)
    return mark?.point === undefined ? 0 : mark.offset
  }

  /**
   * Where to read a file that has changed: on from its mark while it only grew, else from its beginning. A point serves
   * once, so that it is taken out of the mark.
   * @param before the file as it was when the mark was made, where that is known
   */
  start(path: string, before: Stamp | undefined, now: Stamp): Start {
    const mark = this.#marks.get(now.id)
    if (mark === undefined || mark.name !== basename(path) || now.size < mark.offset) return beginning
    // What was written without the file growing was written over something.
    if (before?.id === now.id && before.size === now.size && before.mtimeMs !== now.mtimeMs) return beginning
    if (edgesOf(path, mark.offset, mark.edges.bytes)?.digest !== mark.edges.digest) return beginning
    const { point, offset } = mark
    this.#dropPoint(mark)
    return { from: point, taken: offset }
  }

  /** Leaves only those of files that are there. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#marks.keys()) if (!ids.has(id)) this.#drop(id)
  }

  /** What a point remembers can be large: of too many files, the smallest are read anew when they change. */
  #keepPoint(mark: Mark): void {
    this.#withPoint.add(mark)
    if (this.#withPoint.size <= this.#most) return
    const [smallest] = [...this.#withPoint].filter(each => each !== mark).sort((a, b) => a.offset - b.offset)
    if (smallest !== undefined) this.#dropPoint(smallest)
  }

  #dropPoint(mark: Mark): void {
    mark.point = undefined
    this.#withPoint.delete(mark)
  }

  #drop(id: string): void {
    const mark = this.#marks.get(id)
    if (mark !== undefined) this.#dropPoint(mark)
    this.#marks.delete(id)
  }
}
