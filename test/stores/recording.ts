import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type FileIO, writeFile } from '../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { printJson } from '../../src/iceberg/json.ts'
import type { RawRecord } from '../../src/stores/records/kind.ts'
import { type Task, taskKind } from '../../src/stores/records/kinds/task.ts'
import { openRecords, type RecordPlaceOptions, type RecordStore } from '../../src/stores/records/store.ts'

/** Records in a folder of their own. */
export interface Recording extends RecordPlaceOptions {
  readonly tasks: RecordStore<Task>
  /** Writes a file as an earlier or a later version would have; gives its path. */
  put(name: string, content: RawRecord | string): Promise<string>
  text(name: string): Promise<string>
  names(): Promise<string[]>
}

/** Names are not given twice, whichever process would have given them. */
let made = 0

export function recording(io: FileIO = localFileIO, directory: string = temporary()): Recording {
  const options = { io, directory: `${directory}/records`, uniqueName: () => `unique-${++made}` }
  const place = `${options.directory}/task`
  return {
    ...options,
    tasks: openRecords(taskKind, options),
    put: async (name, content) => {
      const path = `${place}/${name}`
      await io.makeDirectory(place)
      await io.remove(path)
      await writeFile(io, path, Buffer.from(typeof content === 'string' ? content : printJson(content)))
      await io.syncDirectory(place)
      return path
    },
    text: async name => Buffer.from(await io.read(`${place}/${name}`)).toString('utf8'),
    names: async () => (await io.list(place)).sort((a, b) => (a < b ? -1 : 1)),
  }
}

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'hyp-records-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
