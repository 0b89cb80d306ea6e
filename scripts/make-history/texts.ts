import { type Random, randomFrom } from './random.ts'
import { command, fileName, printed, speaker, title } from './sentences.ts'
import { cut, type Stock, stockOf } from './stock.ts'
import { type Theme, themeOf } from './themes.ts'

/** Characters of a stock where there is much to write. */
const longest = 1 << 20

/**
 * Invented text of every length, cut from stocks that are made once: a history of gigabytes takes seconds. Texts begin
 * where a sentence or a line does and end with the one whose end is nearest.
 */
export interface Texts {
  /** The same, for the project in this folder. */
  readonly about: (folder: string) => Texts
  /** What a person wants. */
  readonly request: (random: Random, length: number) => string
  /** What is explained. */
  readonly prose: (random: Random, length: number) => string
  /** What a program prints or a source file holds: short lines, indentation, quotes, escape sequences. */
  readonly output: (random: Random, length: number) => string
  /** What is typed into a shell. */
  readonly command: (random: Random, length: number) => string
  readonly base64: (random: Random, length: number) => string
  /** A few words. */
  readonly title: (random: Random) => string
  /** The same as one word, as a branch has it for a name. */
  readonly slug: (random: Random) => string
  /** A file of a project, relative to its folder. */
  readonly path: (random: Random) => string
}

/** @param length characters of each stock: what repeats within less compresses better than real texts do */
export function makeTexts(seed: string, length: number = longest): Texts {
  const made = new Map<Theme, Texts>()
  const random = randomFrom(`${seed}:texts`)
  // Decoders take whole groups of four.
  const encoded = stockOf(length, () => Buffer.from(random.hex(96), 'hex').toString('base64'))
  const about: Texts['about'] = folder => {
    const theme = themeOf(folder)
    const known = made.get(theme)
    if (known !== undefined) return known
    const texts = {
      ...textsAbout(theme, seed, length),
      base64: (by: Random, wanted: number) => cut(encoded, by, wanted),
      about,
    }
    made.set(theme, texts)
    return texts
  }
  return about('')
}

/** A stock is made when somebody asks for it: small histories need little. */
function textsAbout(theme: Theme, seed: string, stockLength: number): Omit<Texts, 'about' | 'base64'> {
  const stock = (name: string, piece: (random: Random) => () => string): Texts['prose'] => {
    let made: Stock | undefined
    return (by, length) =>
      cut((made ??= stockOf(stockLength, piece(randomFrom(`${seed}:${theme.projects[0]}:${name}`)))), by, length)
  }
  const asked = stock('asked', random => speaker(theme, random, 'asked'))
  const plain = stock('plain', random => speaker(theme, random, 'said'))
  const coloured = stock('coloured', random => speaker(theme, random, 'said', 0.15))
  const typed = stock('typed', random => () => command(random, theme))
  return {
    request: (by, length) => asked(by, length).trimEnd(),
    prose: (by, length) => (by.chance(0.06) ? coloured : plain)(by, length).trimEnd(),
    output: stock('printed', random => () => printed(random, theme)),
    command: (by, length) => typed(by, length).trimEnd(),
    title: by => title(by, theme),
    slug: by => title(by, theme).toLowerCase().replaceAll(' ', '-'),
    path: by => fileName(by, theme),
  }
}
