import { commands, globalOptions } from '../../src/cli/catalogue.ts'
import type { CommandEntry } from '../../src/cli/command.ts'
import type { OptionEntry } from '../../src/cli/option.ts'
import { argumentWord } from '../../src/cli/program.ts'

/** The page `docs/cli.md`: every command and option of the catalogue. */
export function renderCliDoc(): string {
  const entries = commands(() => Promise.reject(new Error('a page runs no command')))
  return [
    '# Command line',
    '',
    'This page is written by `npm run docs` from `src/cli/catalogue.ts`.',
    '',
    'Data goes to stdout, all else to stderr. Nothing ever asks a question. Each option has a twin in the environment,',
    'which counts where the option is not given; a switch is off there when it is empty, `0`, `false` or `no`.',
    '`--json` prints one document, described in [json.md](json.md). An error is one line with its code, and a hint; the',
    'codes and the exit status of each are in [errors.md](errors.md). Any command ends with 64 where its words are not',
    'understood, with 1 where its output cannot be written, and with 130 on Ctrl-C, but for `hyp daemon`, which is stopped',
    'by it. One whose output is not read to its end, as by `head`, stops there and did not fail.',
    '',
    '## Options of every command',
    '',
    ...optionTable(globalOptions),
    '',
    'Without `--home` and `HYP_HOME` the home is `hyp` in `$XDG_DATA_HOME`, else `~/.local/share/hyp`. Histories of Claude',
    'Code are looked for in `$CLAUDE_CONFIG_DIR`, else in `~/.claude` and `~/.config/claude`, those of Codex in `$CODEX_HOME`,',
    'else in `~/.codex`.',
    '',
    ...entries.flatMap(section),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function section({ name, summary, argument, second, options, examples, exits }: CommandEntry): string[] {
  const words = [argument, second].flatMap(word => word ?? [])
  const usage = ['hyp', name, ...words.map(argumentWord)].join(' ')
  const meanings = words.map(word => (words.length > 1 ? `${word.name}: ${word.description}` : word.description))
  return [
    `## hyp ${name}`,
    '',
    summary,
    '',
    ...(words.length === 0 ? [] : [`\`${usage}\`: ${meanings.join('; ')}.`, '']),
    ...(options === undefined ? [] : [...optionTable(options), '']),
    '```sh',
    ...examples,
    '```',
    '',
    `Exit status: ${exits}.`,
    '',
  ]
}

function optionTable(options: readonly OptionEntry[]): string[] {
  return [
    '| option | environment | |',
    '|---|---|---|',
    ...options.map(({ flags, env, description, choices }) => {
      const among = choices === undefined ? '' : ` (${choices.join(', ')})`
      return `| \`${flags}\` | \`${env}\` | ${description}${among} |`
    }),
  ]
}
