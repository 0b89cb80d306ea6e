import { parseSync } from 'oxc-parser'

/** What the layer rules look at in one source file. */
export interface Source {
  /** Relative to the root of the project, with slashes: `src/iceberg/ids.ts`. */
  readonly path: string
  /** Every module it names, types and dynamic imports included: `./x.ts`, `node:fs`, `pino`. */
  readonly imports: readonly string[]
  /** Globals that are an effect: `console`, `fetch`, `process`, `process.exit`, … */
  readonly effects: readonly string[]
}

export function parseSource(path: string, text: string): Source {
  const imports = new Set<string>()
  const effects = new Set<string>()
  walk(parseSync(path, text).program, imports, effects)
  return { path, imports: [...imports], effects: [...effects] }
}

type Node = Readonly<Record<string, unknown>>

function walk(value: unknown, imports: Set<string>, effects: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, imports, effects)
    return
  }
  if (!isNode(value)) return
  // Imports, exports from, import() and import types all keep the module's name in `source`.
  if (isNode(value['source']) && typeof value['source']['value'] === 'string') imports.add(value['source']['value'])
  if (value['type'] === 'Identifier' && isEffect(value['name'])) effects.add(value['name'])
  if (value['type'] === 'MemberExpression' && isNode(value['object']) && isNode(value['property'])) {
    if (value['object']['name'] === 'process') effects.add(`process.${String(value['property']['name'])}`)
    walk(value['object'], imports, effects)
    if (value['computed'] === true) walk(value['property'], imports, effects)
    return
  }
  for (const [key, child] of Object.entries(value)) {
    // A key of an object or the name of a member is not the global of that name.
    if (key === 'key' && value['computed'] !== true) continue
    walk(child, imports, effects)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null
}

function isEffect(name: unknown): name is string {
  return name === 'process' || name === 'console' || name === 'fetch'
}
