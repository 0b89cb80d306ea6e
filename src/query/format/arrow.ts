import { AsyncByteQueue, Data, RecordBatch, RecordBatchStreamWriter, Schema, Struct } from 'apache-arrow'
import type { QueryResult } from '../result.ts'
import { arrowData } from './arrow-data.ts'
import { arrowField } from './arrow-type.ts'
import type { Write } from './write.ts'

/** An Arrow IPC stream. */
export async function writeArrow({ columns, batches }: QueryResult, write: Write): Promise<number> {
  const schema = new Schema(columns.map(arrowField))
  const struct = new Struct(schema.fields)
  const queue = new Drawer()
  const writer = new RecordBatchStreamWriter()
  writer.reset(queue, schema)
  let rowCount = 0
  for await (const batch of batches) {
    const children = columns.map(({ type }, index) => arrowData(type, batch.columns[index] ?? []))
    writer.write(new RecordBatch(schema, new Data(struct, 0, batch.rowCount, 0, undefined, children)))
    rowCount += batch.rowCount
    for (const piece of queue.take()) await write(piece)
  }
  writer.finish()
  for (const piece of queue.take()) await write(piece)
  return rowCount
}

/** Where the writer puts its bytes; emptied after each batch, so that a slow reader holds up the query and not the memory. */
class Drawer extends AsyncByteQueue {
  #pieces: Uint8Array[] = []

  override write(piece: Uint8Array): void {
    this.#pieces.push(piece)
  }

  take(): Uint8Array[] {
    return this.#pieces.splice(0)
  }
}
