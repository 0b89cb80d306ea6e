import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { type Figure, isMet, type Reading, targetOf } from './figure.ts'

const path = 'docs/benchmarks.md'

const head = `<!-- Written by \`npm run bench -- --write\`; changes made here are lost. -->

# Benchmarks

Every claim about speed is a ratio against a named rival, or against the least that the same disk and the same library
need for the same bytes, measured **in the same run**: the two take turns, and medians are compared. \`npm run bench\`
measures all of it again and fails where a target is missed; it writes this page only with \`--write\`.
`

/** Puts the figures just measured into the page; the sections of others stay as they are. */
export function writePage(
  order: readonly string[],
  measured: ReadonlyMap<Figure, readonly Reading[] | string>,
  now: Date,
): void {
  const sections = readSections()
  for (const [figure, result] of measured) sections.set(figure.name, renderSection(figure, result, now))
  const known = order.flatMap(name => sections.get(name) ?? [])
  writeFileSync(path, `${[head, ...known].map(text => text.trim()).join('\n\n')}\n`)
}

function readSections(): Map<string, string> {
  const page = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const texts = page.split(/^(?=## )/m).slice(1)
  return new Map(texts.map(text => [/^## (\S+)/.exec(text)?.[1] ?? '', text]))
}

function renderSection(figure: Figure, result: readonly Reading[] | string, now: Date): string {
  const table =
    typeof result === 'string'
      ? [`Not measured: ${result}`]
      : [
          '| what | target | result | from | |',
          '|---|---|---|---|---|',
          ...result.map(reading => {
            const target = targetOf(reading)
            const verdict = target === '' ? '' : isMet(reading) ? 'met' : '**missed**'
            return `| ${reading.what} | ${target} | ${valueOf(reading)} | ${reading.from ?? ''} | ${verdict} |`
          }),
        ]
  const day = now.toISOString().slice(0, 10)
  return [
    `## ${figure.name}`,
    `${figure.about}.`,
    table.join('\n'),
    figure.method.join(' '),
    `\`npm run bench ${figure.name}\`, ${day}, ${machine()}.`,
  ].join('\n\n')
}

export function valueOf({ value, unit }: Reading): string {
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  const text = value.toFixed(digits).replaceAll(/\B(?=(\d{3})+$)/g, ' ')
  return unit === '×' ? `${text}×` : `${text} ${unit}`
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return `Node ${process.versions.node} on ${process.platform}-${process.arch}, ${availableParallelism()} cores (${model}), ${gigabytes} GB`
}
