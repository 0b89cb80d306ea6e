import type { Random } from './random.ts'
import type { Theme } from './themes.ts'

/*
 * Sentences as they stand in conversations about somebody's work: each is a pattern with gaps. A thing gives a file
 * and a function as well.
 */

type Pattern = (say: Gaps) => string

interface Gaps {
  readonly thing: () => string
  readonly matter: () => string
  readonly file: () => string
  readonly name: () => string
  readonly some: () => string
  readonly word: () => string
}

const asked: readonly Pattern[] = [
  s => `Make the ${s.thing()} skip ${s.matter()}.`,
  s => `Why does the ${s.thing()} forget ${s.matter()}?`,
  s => `The ${s.thing()} is wrong for ${s.matter()} since ${s.word()}; find out why.`,
  s => `Add a test to ${s.file()} that covers ${s.matter()} and ${s.matter()}.`,
  s => `Keep what the ${s.thing()} did before behind an option \`${s.name()}\`.`,
  s => `Split ${s.file()}: it has grown to ${s.some()} lines.`,
  s => `Show me which entries of the ${s.thing()} mention ${s.matter()}.`,
  s => `Please write the ${s.thing()} as CSV, with a line for ${s.matter()}.`,
  s => `Do not touch ${s.file()} yet.`,
  s => `Can the ${s.thing()} tell ${s.matter()} from ${s.matter()}?`,
  s => `It took ${s.some()} ms on ${s.word()}; that is too slow for the ${s.thing()}.`,
  s => `Rename \`${s.name()}\` so that it says what it returns.`,
  s => `Look how the ${s.thing()} and the ${s.thing()} share their dates.`,
  s => `Then tell me in a few words what became of ${s.matter()}.`,
  s => `I saw "${s.matter()}" in the log ${s.some()} times.`,
  s => `Undo the change in ${s.file()} if the ${s.thing()} needs more than ${s.some()} lines.`,
]

const said: readonly Pattern[] = [
  s => `I will look at ${s.file()} first.`,
  s => `The ${s.thing()} reads ${s.matter()} twice: in ${s.file()}, line ${s.some()}, and in \`${s.name()}\`.`,
  s => `That explains the ${s.some()} ms on ${s.word()}.`,
  s => `I changed \`${s.name()}\` so that it returns early for ${s.matter()}.`,
  s => `All ${s.some()} tests pass; the one for ${s.matter()} is new.`,
  s => `The cause is in \`${s.name()}\`: it compares dates as text, which fails for ${s.matter()}.`,
  s => `What is left: the ${s.thing()} has no test for ${s.matter()}.`,
  s => `With ${s.matter()} the ${s.thing()} now gives ${s.some()} in place of ${s.some()}.`,
  s => `Nothing in ${s.file()} calls \`${s.name()}\` any more.`,
  s => `The ${s.thing()} works again, also for ${s.matter()}.`,
  s => `For ${s.matter()} nothing changes.`,
  s => `I would rather keep the ${s.thing()} apart from the ${s.thing()}, because of ${s.matter()}.`,
  s => `Since ${s.word()} the ${s.thing()} has ${s.some()} entries more, ${s.some()} of them for ${s.matter()}.`,
  s => `\`${s.name()}(${s.some()})\` throws when it meets ${s.matter()}.`,
  s =>
    `There are two ways: let the ${s.thing()} wait for ${s.matter()}, or write it to ${s.file()} at once; I took the second.`,
  s => `That is simpler than \`${s.name()}\`, and the ${s.thing()} stays as it is.`,
  s => `I did not touch ${s.file()}, where \`${s.name()}\` is.`,
  s => `Next comes the ${s.thing()}: ${s.matter()} should be told with its line.`,
  s => `The figures agree: ${s.some()} before, ${s.some()} after, and ${s.matter()} counted once.`,
]

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday', 'March', 'the last release']

const odd = ['größer', '“so-called”', '→', '日本語', 'naïve', '🌿', 'Ελλάδα', 'привет', '✓', '…']

/** Writes sentences about a theme, one after the other. */
export function speaker(theme: Theme, random: Random, kind: 'asked' | 'said', oddity = 0): () => string {
  const thing = (): string => random.pick(theme.things)
  const gaps: Gaps = {
    thing: () => (random.chance(oddity) ? `${thing()} (${random.pick(odd)})` : thing()),
    matter: () =>
      random.chance(oddity) ? `${random.pick(odd)} ${random.pick(theme.cases)}` : random.pick(theme.cases),
    file: () => fileName(random, theme),
    name: () => thing().replaceAll(/ (.)/g, (_, first: string) => first.toUpperCase()),
    some: () => String(random.between(2, 900)),
    word: () => random.pick(days),
  }
  const patterns = kind === 'asked' ? asked : said
  return () => {
    const sentence = random.pick(patterns)(gaps)
    return `${capital(sentence)}${random.chance(0.15) ? '\n\n' : ' '}`
  }
}

/** Relative to the project. */
export function fileName(random: Random, { things }: Theme): string {
  const folder = random.pick(['src', 'src', 'src/data', 'src/report', 'test'])
  return `${folder}/${random.pick(things).replaceAll(' ', '-')}.ts`
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

const verbs = ['mend', 'test', 'split', 'rename', 'explain', 'measure', 'simplify', 'document', 'replace', 'review']

/** A few words. */
export function title(random: Random, { things }: Theme): string {
  return capital(`${random.pick(verbs)} the ${random.pick(things)}`)
}

/** What is typed into a shell. */
export function command(random: Random, theme: Theme): string {
  const file = fileName(random, theme)
  const [word = ''] = random.pick(theme.things).split(' ')
  switch (random.between(0, 8)) {
    case 0:
      return `npm test -- ${file.replace(/^src/, 'test')} --grep "${word}"\n`
    case 1:
      return `rg -n "${word}" ${file} | head -n ${random.between(5, 80)}\n`
    case 2:
      return `git log --oneline -n ${random.between(3, 40)} -- ${file}\n`
    case 3:
      return `sed -n '${random.between(1, 200)},${random.between(200, 400)}p' ${file}\n`
    case 4:
      return `git diff --stat ${random.hex(8)} -- ${file}\n`
    case 5:
      return `cut -d, -f${random.between(1, 9)} data/${word}.csv | sort | uniq -c | sort -rn\n`
    case 6:
      return `node ${file} --${word} ${random.between(1, 500)} 2>&1 | tail -n ${random.between(5, 60)}\n`
    default:
      return `npx tsc --noEmit && echo "${word}: fine"\n`
  }
}

/** A line that a program prints, or of a source file: indentation, quotes, escape sequences. */
export function printed(random: Random, theme: Theme): string {
  const indent = ' '.repeat(2 * random.between(0, 5))
  const word = (): string => random.pick(random.pick(theme.things).split(' '))
  const number = (): number => random.between(0, 100_000)
  switch (random.between(0, 8)) {
    case 0:
      return `${indent}const ${word()} = await ${word()}('${random.pick(theme.cases)}', ${number()})\n`
    case 1:
      return `${number()}\t${indent}${word()}.${word()} => { return "${random.hex(16)}" }\n`
    case 2:
      return `${fileName(random, theme)}:${random.between(1, 999)}: ${word()} ${number()} ${random.pick(theme.cases)}\n`
    case 3:
      return `\u001b[3${random.between(1, 7)}m${random.hex(8)}\u001b[0m ${word()} ${word()} ${random.hex(24)}\n`
    case 4:
      return `${indent}- ${word()} ${word()} ${word()} (${number()} ms)\n`
    case 5:
      return `${number()},${random.pick(theme.cases)},${number()},${number() / 1000},"${word()}",${number()}\n`
    case 6:
      return `${random.hex(7)} ${word()} ${word()} | ${number()} ${'+'.repeat(random.between(1, 20))}\n`
    default:
      return `${indent}# ${word()} ${number()} \\ ${word()} | "${word()}"\n`
  }
}
