import { closeSync, futimesSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Where generated files go: one is open at a time, through one buffer. */
export interface Sink {
  /** Begins a file; folders that are missing are made. */
  readonly open: (path: string) => OutFile
}

export interface OutFile {
  readonly path: string
  /** Written so far. */
  readonly bytes: number
  /** Lines ended so far. */
  readonly lines: number
  /** A line of these characters, and its end. */
  readonly line: (text: string) => void
  /** Anything else; newlines in it count as ends of lines. */
  readonly raw: (content: string | Uint8Array) => void
  /** @param atMs when the file was changed last, milliseconds since 1970: equal histories have equal times */
  readonly close: (atMs: number) => void
}

const bufferBytes = 4 << 20
const newline = 0x0a

export function makeSink(): Sink {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  let isOpen = false
  return { open }

  function open(path: string): OutFile {
    if (isOpen) throw new Error(`${path} is begun while another file is open`)
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(path, 'w')
    isOpen = true
    let used = 0
    let flushed = 0
    let lines = 0

    const flush = (): void => {
      writeAll(file, buffer.subarray(0, used))
      flushed += used
      used = 0
    }
    const put = (content: Uint8Array): void => {
      flush()
      writeAll(file, content)
      flushed += content.byteLength
    }
    return {
      path,
      get bytes() {
        return flushed + used
      },
      get lines() {
        return lines
      },
      line: text => {
        lines++
        // A character is three bytes at most.
        const most = text.length * 3 + 1
        if (most > bufferBytes) return put(Buffer.from(`${text}\n`))
        if (used + most > bufferBytes) flush()
        used += buffer.write(text, used)
        buffer[used++] = newline
      },
      raw: content => {
        const bytes = typeof content === 'string' ? Buffer.from(content) : content
        for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++
        put(bytes)
      },
      close: atMs => {
        flush()
        futimesSync(file, atMs / 1000, atMs / 1000)
        closeSync(file)
        isOpen = false
      },
    }
  }
}

function writeAll(file: number, content: Uint8Array): void {
  for (let done = 0; done < content.byteLength; ) done += writeSync(file, content, done)
}
