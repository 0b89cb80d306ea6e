import type { errorCatalogue } from '../../src/error-catalogue.ts'

/** The page `docs/errors.md`: what each exit status stands for, then one section per code, so that links can name it. */
export function renderErrorsDoc(catalogue: typeof errorCatalogue): string {
  const entries = Object.entries(catalogue)
  const exits = [...new Set(entries.map(([, entry]) => entry.exit))].sort((a, b) => a - b)
  return [
    '# Errors',
    '',
    'Every error has a code that stays the same, an exit status of the command line and a status of the HTTP interface.',
    'This page is written by `npm run docs` from `src/error-catalogue.ts`.',
    '',
    '| exit status | codes |',
    '|---|---|',
    ...exits.map(exit => `| ${exit} | ${codesOf(entries, exit).join(', ')} |`),
    '',
    ...entries.flatMap(([code, { exit, http, when, hint }]) => [
      `## ${code}`,
      '',
      when,
      '',
      `* exit status ${exit}, HTTP ${http}`,
      `* hint: ${hint}`,
      '',
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function codesOf(entries: readonly [string, { readonly exit: number }][], exit: number): string[] {
  return entries.filter(([, entry]) => entry.exit === exit).map(([code]) => `[${code}](#${code.toLowerCase()})`)
}
