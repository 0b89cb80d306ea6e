import type { ServerResponse } from 'node:http'
import { printJson } from '../../iceberg/json.ts'

/** Answers with one JSON document. */
export function sendJson(response: ServerResponse, status: number, document: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${printJson(document)}\n`)
}
