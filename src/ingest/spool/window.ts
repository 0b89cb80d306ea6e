import type { InputFile } from '../../iceberg/file-io/file-io.ts'

/** A range of a file, read ahead so that many short reads are few long ones. */
export class Window {
  readonly end: number
  readonly #file: InputFile
  readonly #ahead: number
  #start = 0
  #bytes: Uint8Array = new Uint8Array()

  /** @param ahead bytes that are read at least */
  constructor(file: InputFile, end: number, ahead: number) {
    this.#file = file
    this.end = Math.min(end, file.size)
    this.#ahead = ahead
  }

  /** Exactly so many bytes, which the caller must not change; undefined where the range ends before. */
  async bytes(start: number, length: number): Promise<Uint8Array | undefined> {
    if (start + length > this.end) return undefined
    if (start < this.#start || start + length > this.#start + this.#bytes.byteLength) {
      const until = Math.min(this.end, start + Math.max(length, this.#ahead))
      this.#bytes = await this.#file.read(start, until)
      this.#start = start
    }
    return this.#bytes.subarray(start - this.#start, start - this.#start + length)
  }

  /** As many bytes as are at hand or read ahead, one at least; undefined at the end. */
  async some(start: number): Promise<Uint8Array | undefined> {
    const first = await this.bytes(start, 1)
    return first === undefined ? undefined : this.#bytes.subarray(start - this.#start)
  }
}
