import { type Data, type DataType, type RecordBatch, RecordBatchReader, type Schema, Type } from 'apache-arrow'
import { HypError } from '../../../errors.ts'
import { bodyInvalid } from '../body-invalid.ts'
import type { RawRow, RawRows, RowFlaw } from '../raw-row.ts'
import { checkedStream } from './checked-stream.ts'
import { registerCodecs } from './codecs.ts'
import { type Print, RowFault } from './print.ts'
import { objectPrinter } from './print-nested.ts'
import { memberPrinters } from './printer.ts'

/** As JSON the rows have at most so many bytes: what stands once in a dictionary stands in each of them. */
const largestText = 256 * 1024 * 1024

registerCodecs()

/**
 * The rows of an Arrow IPC stream, each as the JSON object that it would be as
 * NDJSON. A file of Arrow is read as the stream in it.
 * @throws HypError BODY_INVALID for what is not a sound stream, TOO_LARGE for what is more than is taken at once
 */
export function* arrowRows(body: Uint8Array): RawRows {
  if (body.length === 0) return
  const { bytes, batches } = checkedStream(body)
  const reader = guarded(() => RecordBatchReader.from(bytes).open())
  let textBytes = 0
  for (const { rows, lengths } of batches) {
    const print = guarded(() => {
      const batch = reader.next().value as RecordBatch | null
      if (batch?.numRows !== rows) throw new RangeError('another number of rows')
      checkLengths(batch.schema, lengths, rows)
      return rowPrinter(batch)
    })
    yield undefined
    for (let index = 0; index < rows; index++) {
      const row = guarded(() => rawRow(print, index))
      textBytes += row.bytes.length
      if (textBytes > largestText)
        throw new HypError('TOO_LARGE', `The rows of the Arrow stream have more than ${largestText} bytes as JSON.`)
      yield row
    }
  }
}

/** The package would fill up a short column with nulls, and cut off a long one. */
function checkLengths({ fields }: Schema, lengths: readonly number[], rows: number): void {
  let node = 0
  for (const { type } of fields) {
    if (lengths[node] !== rows) throw new RangeError('a column of another length')
    node += nodesOf(type)
  }
}

/** How many columns a type is in a batch, with those inside. What a dictionary is of stands elsewhere. */
function nodesOf(type: DataType): number {
  if (type.typeId === Type.Dictionary) return 1
  return (type.children ?? []).reduce((sum, child) => sum + nodesOf(child.type), 1)
}

function rowPrinter({ schema, data }: RecordBatch): Print {
  return objectPrinter(memberPrinters(schema.fields, data.children as readonly Data[], ''))
}

function rawRow(print: Print, index: number): RawRow {
  try {
    return rowOf(Buffer.from(`${print(index)}\n`))
  } catch (error) {
    if (error instanceof RowFault) return rowOf(Buffer.alloc(0), error.flaw)
    throw error
  }
}

function rowOf(bytes: Uint8Array, flaw?: RowFlaw): RawRow {
  const row = { bytes, start: 0, end: Math.max(0, bytes.length - 1), next: bytes.length, isBroken: false }
  return flaw === undefined ? row : { ...row, flaw }
}

/** What the package stumbles over it quotes; nobody is told more than that the stream is damaged. */
function guarded<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw error instanceof HypError ? error : bodyInvalid('The Arrow stream is damaged')
  }
}
