import type { Node } from 'jsonc-parser'
import { HypError } from '../../errors.ts'
import { type Document, type Report, readDocument } from '../../schema/declaration-file/document.ts'
import { kindOf, type Members, readMembers } from '../../schema/declaration-file/members.ts'
import type { Mistake } from '../../schema/declaration-file/mistake.ts'
import type { Price } from './price.ts'

/** Members of an entry that hold dollars for a million tokens. */
const amounts = {
  input: 'input',
  output: 'output',
  cache_write: 'cacheWrite',
  cache_write_1h: 'cacheWrite1h',
  cache_read: 'cacheRead',
} as const satisfies Readonly<Record<string, keyof Price>>

const limit = 'up_to_input_tokens'

const example = '{"models": [{"model": "example-*", "input": 3, "output": 15}]}'

/**
 * Reads the prices that a user wrote: JSON, in which comments and commas before a closing bracket are allowed.
 * @throws HypError CONFIG_INVALID with every mistake in the file, in its order
 */
export function readPriceFile(text: string, file: string): readonly Price[] {
  if (text.trim() === '') {
    const hint = `The least it can hold is {"models": []}.`
    throw invalid(file, [{ file, code: 'syntax', line: 1, column: 1, path: '', message: 'The file is empty.', hint }])
  }
  const document = readDocument(text, file)
  const prices = readRoot(document)
  const mistakes = document.mistakes()
  if (mistakes.length > 0) throw invalid(file, mistakes)
  return prices
}

function readRoot({ root, report, isTorn }: Document): Price[] {
  if (root === undefined) return []
  if (root.type !== 'object') {
    report(root, 'wrong-kind', `The file holds ${kindOf(root)} in place of an object.`, `Write ${example}.`)
    return []
  }
  const members = readMembers(root, 'The file', { allowed: ['currency', 'models'] }, report)
  const currency = members.get('currency')?.value
  if (currency !== undefined && currency.value !== 'USD')
    report(currency, 'unknown-word', 'Prices are in US dollars.', 'Write "currency": "USD", or leave it out.')
  const models = members.get('models')?.value
  if (models === undefined) {
    if (!isTorn(root)) report(root, 'missing-key', 'The file has no `models`.', `Write ${example}.`)
    return []
  }
  if (models.type !== 'array') {
    report(models, 'wrong-kind', `\`models\` is a list, not ${kindOf(models)}.`, `Write ${example}.`)
    return []
  }
  return (models.children ?? []).flatMap(entry => readEntry(entry, report))
}

function readEntry(entry: Node, report: Report): Price[] {
  if (entry.type !== 'object') {
    report(
      entry,
      'wrong-kind',
      `A price is an object, not ${kindOf(entry)}.`,
      'Write {"model": "example-*", "input": 3, "output": 15}.',
    )
    return []
  }
  const members = readMembers(entry, 'A price', { allowed: ['model', ...Object.keys(amounts), limit] }, report)
  const model = readModel(entry, members, report)
  const numbers = Object.entries(amounts).map(([key, name]) => [name, readAmount(members, key, report)] as const)
  for (const key of ['input', 'output'] as const)
    if (!members.has(key))
      report(entry, 'missing-key', `The price has no \`${key}\`.`, 'Write 0 for what costs nothing.')
  const known = Object.fromEntries(numbers) as Record<(typeof amounts)[keyof typeof amounts], number | undefined>
  const { input, output } = known
  const upToInputTokens = readLimit(members, report)
  return model === undefined || input === undefined || output === undefined
    ? []
    : [{ ...known, model, input, output, upToInputTokens }]
}

function readModel(entry: Node, members: Members, report: Report): string | undefined {
  const node = members.get('model')?.value
  if (node === undefined) report(entry, 'missing-key', 'The price has no `model`.', 'Write "model": "example-*".')
  else if (node.type !== 'string') report(node, 'wrong-kind', `\`model\` is a text, not ${kindOf(node)}.`)
  else if ((node.value as string).trim() === '')
    report(node, 'bad-name', 'The name of the model is empty.', 'Write "*" for all models.')
  else return node.value as string
  return undefined
}

function readAmount(members: Members, key: string, report: Report): number | undefined {
  const node = members.get(key)?.value
  if (node === undefined) return undefined
  if (node.type === 'number' && Number.isFinite(node.value) && (node.value as number) >= 0) return node.value as number
  report(node, 'wrong-kind', `\`${key}\` is not a number of dollars from 0.`, 'It is the price of a million tokens.')
  return undefined
}

function readLimit(members: Members, report: Report): number | undefined {
  const node = members.get(limit)?.value
  if (node === undefined) return undefined
  if (Number.isSafeInteger(node.value) && (node.value as number) > 0) return node.value as number
  report(node, 'wrong-kind', `\`${limit}\` is not a whole number of tokens from 1.`)
  return undefined
}

function invalid(file: string, mistakes: readonly Mistake[]): HypError {
  const [first] = mistakes
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
  return new HypError('CONFIG_INVALID', `${file} has ${count}; line ${first?.line}: ${first?.message}`, {
    hint: 'Mend the file, or move it away; docs/querying.md has its form. Nothing was changed.',
    details: { file, mistakes },
  })
}
