import { siblings } from './rules.ts'
import type { Source } from './source.ts'

/** Import cycles, types included, each once as `a -> b -> a` from its first file in order of names. */
export function cycles(sources: readonly Source[]): string[] {
  const targets = new Map(sources.map(source => [source.path, siblings(source)]))
  const found = new Set<string>()
  const finished = new Set<string>()

  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path)
    if (start >= 0) {
      found.add(fromFirstName(trail.slice(start)))
      return
    }
    if (finished.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path])
    finished.add(path)
  }

  for (const path of [...targets.keys()].sort()) visit(path, [])
  return [...found].sort()
}

function fromFirstName(cycle: readonly string[]): string {
  const first = cycle.indexOf([...cycle].sort()[0] ?? '')
  const turned = [...cycle.slice(first), ...cycle.slice(0, first)]
  return [...turned, turned[0]].join(' -> ')
}
