import { type Random, randomFrom } from './random.ts'

const words = (
  'water bread garden kitchen window river stone letter winter summer table lamp paper colour number village bridge ' +
  'the a of to and in is that for it on with as was be by this at from or an are not have which you can file test ' +
  'function return value error module import export schema column commit branch session message string array object ' +
  'promise await async const interface readonly undefined reading writing directory process worker thread memory ' +
  'buffer stream request response server client history plan measure check careful quickly nothing everything'
).split(' ')

const odd = ['größer', '“quoted”', '→', '日本語', 'naïve', '🌿', 'Ελλάδα', 'привет', '✓', '…']

const poolLength = 1 << 20

/** Invented text of every length, cut from a stock that is made once: a history of gigabytes takes seconds. */
export interface Texts {
  /** Words and sentences. */
  readonly prose: (random: Random, length: number) => string
  /** What a program prints or a source file holds: short lines, indentation, quotes, escape sequences. */
  readonly output: (random: Random, length: number) => string
  readonly base64: (random: Random, length: number) => string
  /** A few words, as a title or a branch has. */
  readonly title: (random: Random) => string
}

export function makeTexts(seed: string): Texts {
  const random = randomFrom(`${seed}:texts`)
  const plain = fill(() => sentence(random, 0))
  const coloured = fill(() => sentence(random, 0.15))
  const printed = fill(() => printedLine(random))
  const encoded = fill(() => Buffer.from(random.hex(6144), 'hex').toString('base64'))
  return {
    prose: (by, length) => cut(by.chance(0.06) ? coloured : plain, by, length),
    output: (by, length) => cut(printed, by, length),
    // Decoders take whole groups of four.
    base64: (by, length) => cut(encoded, by, Math.max(4, length - (length % 4))),
    title: by => Array.from({ length: by.between(2, 6) }, () => by.pick(words)).join(' '),
  }
}

function fill(piece: () => string): string {
  const pieces: string[] = []
  let length = 0
  while (length < poolLength) {
    const next = piece()
    pieces.push(next)
    length += next.length
  }
  // In one piece: a string joined of parts is put together again by everybody who reads it.
  return Buffer.from(pieces.join('')).toString().slice(0, poolLength)
}

function cut(pool: string, random: Random, length: number): string {
  if (length < poolLength / 2) {
    const start = random.between(0, poolLength - length)
    return whole(pool.slice(start, start + length))
  }
  const pieces: string[] = []
  for (let left = length; left > 0; left -= poolLength / 4) {
    const start = random.between(0, poolLength / 2)
    pieces.push(whole(pool.slice(start, start + Math.min(left, poolLength / 4))))
  }
  return pieces.join('')
}

/** Without the half of a character that was cut through. */
function whole(text: string): string {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  const start = first >= 0xdc00 && first < 0xe000 ? 1 : 0
  return text.slice(start, last >= 0xd800 && last < 0xdc00 ? -1 : undefined)
}

function sentence(random: Random, oddity: number): string {
  const length = random.between(4, 18)
  const spoken = Array.from({ length }, () => (random.chance(oddity) ? random.pick(odd) : random.pick(words)))
  const [first = ''] = spoken
  spoken[0] = first.slice(0, 1).toUpperCase() + first.slice(1)
  return `${spoken.join(' ')}${random.chance(0.15) ? '.\n\n' : '. '}`
}

function printedLine(random: Random): string {
  const indent = ' '.repeat(2 * random.between(0, 5))
  const a = random.pick(words)
  const b = random.pick(words)
  switch (random.between(0, 6)) {
    case 0:
      return `${indent}const ${a} = await ${b}('${random.pick(words)}', ${random.between(0, 10_000)})\n`
    case 1:
      return `${random.between(1, 900)}\t${indent}${a}.${b} => { return "${random.hex(8)}" }\n`
    case 2:
      return `/home/ada/${a}/${b}/${random.pick(words)}.ts:${random.between(1, 999)}: ${random.pick(words)} ${random.pick(words)}\n`
    case 3:
      return `\u001b[3${random.between(1, 7)}m${a}\u001b[0m ${b} ${random.hex(12)}\n`
    case 4:
      return `${indent}- ${a} ${b} ${random.pick(words)} (${random.between(0, 999)} ms)\n`
    default:
      return `${indent}# ${random.pick(words)} ${a} \\ ${b} | "${random.pick(words)}"\n`
  }
}
