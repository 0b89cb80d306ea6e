import { expect, test } from 'vitest'
import { renderMistakesForGithub, renderPlansForGithub } from '../../src/cli/render/plan-github.ts'
import { verdictLine } from '../../src/cli/render/verdict.ts'
import { HypError } from '../../src/errors.ts'
import { builtinDeclaration } from '../../src/schema/builtin.ts'
import { readDeclarationFile } from '../../src/schema/declaration-file.ts'
import { column, created, declare, planned, reshaped } from '../schema/declaring.ts'
import { plans, shown } from './plans.ts'

const asIs = (command: string): string => command
const annotation = /^::(error|warning|notice) ((?:[a-z]+=[^,:]*)(?:,[a-z]+=[^,:]*)*)::(.+)$/

/** An annotation as the runner takes it apart. */
function read(line: string): { level: string; properties: Record<string, string>; message: string } {
  const [, level = '', properties = '', message = ''] = annotation.exec(line) ?? []
  const unescape = (text: string): string =>
    text
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%25', '%')
  const pairs = properties.split(',').map(pair => pair.split('='))
  const entries = pairs.map(([name = '', ...value]) => [name, unescape(value.join('='))])
  return { level, properties: Object.fromEntries(entries) as Record<string, string>, message: unescape(message) }
}

test.each(plans)('a plan (%s) is one annotation per change, and its verdict last', async (_, make) => {
  const plan = await make()
  const lines = renderPlansForGithub([shown(plan)], asIs).split('\n')
  expect(lines.at(-1)).toBe(`Verdict: ${plan.verdict}`)
  expect(lines).toContain(`${plan.table}: ${verdictLine(plan)}`)
  const annotations = lines.filter(line => line.startsWith('::')).map(read)
  for (const change of plan.changes) {
    const level =
      change.kind === 'breaking'
        ? 'error'
        : change.kind === 'in-place' && change.origin === 'pending'
          ? 'notice'
          : 'warning'
    const found = annotations.find(
      ({ properties, message }) =>
        properties['title'] === `${change.code} ${change.rule}` &&
        message.startsWith(`${plan.table}: ${change.path}: ${change.change}.`),
    )
    expect(found).toMatchObject({ level, properties: { file: 'schema/things.json' } })
  }
  const more = annotations.length - plan.changes.length
  expect(more).toBe(['absent', 'newer'].includes(plan.verdict) || plan.edited !== null ? 1 : 0)
})

test('what the file declares is annotated where it stands, and what it does not only with the file', () => {
  const before = created(declare([column('a', 'long'), column('gone', 'int')]))
  const plan = planned(declare([column('a', 'int')]), before)
  const places = new Map([['a', { line: 4, column: 15 }]])
  const lines = renderPlansForGithub([shown(plan, { places })], asIs).split('\n')
  expect(lines[0]).toMatch(
    /^::error file=schema\/things\.json,line=4,col=15,title=BR202 [^:]+::things: a: long -> int\. .* See docs\/rules\.md#BR202\.$/,
  )
  expect(read(lines[1] as string)).toMatchObject({
    level: 'warning',
    properties: { file: 'schema/things.json', title: expect.stringMatching(/^TO301 /) },
  })
  expect(lines[1]).not.toContain('line=')
  expect(renderPlansForGithub([shown(plan, { file: null })], asIs)).not.toContain('file=')
})

test('what would end a line or a property is escaped', () => {
  const name = '100%\r\na,b:c::d'
  const plan = planned(declare([column('a', 'int'), column(name, 'int')]), created(declare([column('a', 'int')])))
  const file = 'a,b:c%.json'
  const [line = ''] = renderPlansForGithub([shown(plan, { file })], asIs).split('\n')
  expect(line).toContain('file=a%2Cb%3Ac%25.json,')
  expect(line).toContain('::things: 100%25\\u000d\\u000aa,b:c::d: optional int.')
  expect(read(line).properties['file']).toBe(file)
})

test('a table that cannot be read is an error, beside the plans of the others', () => {
  const things = declare([column('a', 'int')])
  const error = new HypError('METADATA_INVALID', 'v2.metadata.json is\u001b[31m damaged.', { hint: 'See `hyp plan`.' })
  const text = renderPlansForGithub([shown(planned(things, created(things)))], typed => `npx ${typed}`, [
    { table: 'others', error },
  ])
  expect(text.split('\n')).toEqual([
    '::error title=METADATA_INVALID::others: v2.metadata.json is\\u001b[31m damaged. See `npx hyp plan`.',
    'things: Nothing to do.',
    'others: unreadable',
    'Verdict: current',
  ])
})

test('a table that is newer says who can go on, before the command that shows why', async () => {
  const [, make] = plans.find(([what]) => what === 'newer') as (typeof plans)[number]
  expect(renderPlansForGithub([shown(await make())], asIs)).toContain(
    '\nnext: install the version of hyp that wrote it, or hyp plan --as-release 6\n',
  )
})

test('drift is a warning even where the daemon would undo it, and several tables come to the worst', () => {
  const things = declare([column('a', 'int', { doc: 'One.' })])
  const drifted = planned(
    things,
    reshaped(created(things), fields => fields.map(field => ({ ...field, doc: 'Two.' }))),
  )
  expect(drifted).toMatchObject({ verdict: 'drifted', action: 'evolve' })
  const breaking = planned(declare([column('a', 'string')]), created(things))
  const lines = renderPlansForGithub([shown(drifted), shown(breaking)], asIs).split('\n')
  expect(lines.map(line => line.split(' ')[0])).toEqual([
    '::warning',
    '::error',
    'things:',
    'next:',
    'things:',
    'next:',
    'Verdict:',
  ])
  expect(lines.at(-1)).toBe('Verdict: breaking')
})

test('the mistakes of a file are errors where they stand', () => {
  const text = '{\n  "table": "things",\n  "columns": [{ "name": "a", "type": "text" }, 7]\n}'
  const result = readDeclarationFile({ text, path: 'schema/things.json', base: builtinDeclaration(9), table: 'things' })
  if (!('mistakes' in result)) throw new Error('it has mistakes')
  expect(renderMistakesForGithub(result.mistakes).split('\n')).toEqual([
    '::error file=schema/things.json,line=3,col=38,title=unknown-type::"text" is not an Iceberg type. Use "string".',
    '::error file=schema/things.json,line=3,col=48,title=wrong-kind::A column is an object, not a number. Write {"name": …, "type": …}.',
    'Verdict: none, the declaration is invalid',
  ])
})
