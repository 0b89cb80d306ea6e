import { errorDocument, type HypError } from '../../errors.ts'
import { printJson } from '../../iceberg/json.ts'
import { formatMistakes, type Mistake } from '../../schema/declaration-file.ts'
import { visible } from './visible.ts'

interface ErrorOptions {
  readonly json: boolean
  readonly verbose: boolean
  readonly pasteable: (command: string) => string
}

/** An error as one line and its hint; every mistake of a declaration; as JSON the same document HTTP answers with. */
export function renderError(error: HypError, options: ErrorOptions): string {
  const { code, message, hint, details } = error
  if (options.json) return `${printJson({ formatVersion: 1, error: errorDocument(error) })}\n`
  const mistakes = details['mistakes'] as readonly Mistake[] | undefined
  // The query engine points into the text of the query; all else is a sentence, whatever stands in its names.
  const [first = '', ...rest] = code.startsWith('QUERY_') ? message.split('\n') : [message]
  const lines = [
    ...(mistakes === undefined ? [] : formatMistakes(mistakes).map(visible)),
    `error: ${visible(first)} [${code}]`,
    ...rest.map(visible),
    `hint: ${visible(pasteableHint(hint, options.pasteable))}`,
    ...(options.verbose ? stacks(error) : []),
  ]
  return `${lines.join('\n')}\n`
}

/** A hint whose commands, which stand between backticks, can be pasted. */
export function pasteableHint(hint: string, pasteable: (command: string) => string): string {
  return hint.replaceAll(/(?<=`)hyp [^`]+(?=`)/g, pasteable)
}

function stacks(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [error.stack ?? error.message, ...stacks(error.cause)]
}
