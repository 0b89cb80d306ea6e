import type { Declaration } from '../../schema/declaration.ts'
import type { CapturedRow } from '../../sources/source.ts'
import { largestRow } from '../batch/limits.ts'
import { rowPrinter } from '../row-text.ts'
import { rowShaper } from '../rows.ts'

/** Rows as they are handed over: NDJSON. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly rows: number
}

/**
 * Takes a body, and resolves when its rows are durable: to nothing, or to the declaration that holds by now, when it
 * took none of them and wants them made under that one. Called for one body at a time.
 */
export type Take = (body: Body) => Promise<Declaration | undefined>

/** Makes bodies of rows and hands them over, all of them under the newest declaration that it was told. */
export interface Handover {
  /** Several may collect rows at a time. */
  outbox(): Outbox
}

/** Collects rows until they make a body. */
export interface Outbox {
  /** Resolves when there is room for more. @returns how many of the rows are too long to be handed over */
  add(rows: readonly CapturedRow[]): Promise<number>
  /** Resolves when everything was taken. */
  flush(): Promise<void>
}

type Print = (row: CapturedRow) => string

/** A body is handed over before it has more characters than this; each is at most three bytes. */
const bodyCharacters = 2 * 1024 * 1024

/** @param declaration what the table is declared as when the first rows come */
export function newHandover(declaration: Declaration, take: Take): Handover {
  let print = printOf(declaration)
  let last: Promise<void> = Promise.resolve()

  return { outbox }

  function outbox(): Outbox {
    let captured: CapturedRow[] = []
    let texts: string[] = []
    let characters = 0
    let madeWith = print
    return { add, flush }

    async function add(rows: readonly CapturedRow[]): Promise<number> {
      let tooLong = 0
      for (const row of rows) {
        let text = madeWith(row)
        if (characters > 0 && characters + text.length > bodyCharacters) {
          await flush()
          // Meanwhile another declaration may have been told.
          text = madeWith(row)
        }
        if (isTooLong(text)) {
          tooLong++
          continue
        }
        captured.push(row)
        texts.push(text)
        characters += text.length
      }
      return tooLong
    }

    async function flush(): Promise<void> {
      if (texts.length > 0) await (last = last.then(() => hand(captured, texts, madeWith)))
      captured = []
      texts = []
      characters = 0
      madeWith = print
    }
  }

  async function hand(captured: readonly CapturedRow[], made: readonly string[], madeWith: Print): Promise<void> {
    let texts = madeWith === print ? made : captured.map(print)
    for (;;) {
      const wanted = await take({ bytes: Buffer.from(texts.join('')), rows: texts.length })
      if (wanted === undefined) return
      print = printOf(wanted)
      texts = captured.map(print)
    }
  }
}

function printOf(declaration: Declaration): Print {
  // Whose table it is, the table itself knows best.
  const shaper = rowShaper(declaration, null)
  const print = rowPrinter(declaration)
  return row => `${print(shaper.shape(row))}\n`
}

function isTooLong(text: string): boolean {
  return text.length * 3 > largestRow && Buffer.byteLength(text) > largestRow
}
