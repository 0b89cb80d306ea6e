import { printJson } from '../iceberg/json.ts'
import type { CliIo } from './io.ts'

/** Prints the one JSON document of a command. */
export async function printDocument(io: CliIo, document: object): Promise<void> {
  await io.stdout(`${printJson({ formatVersion: 1, ...document })}\n`)
}
