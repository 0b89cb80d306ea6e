import type { Route } from './route.ts'

/** The routes of one path. */
export interface Found {
  readonly pattern: string
  readonly params: Readonly<Record<string, string>>
  /** By method; HEAD is that of GET. */
  readonly methods: ReadonlyMap<string, Route>
}

/** Finds routes by a path as it stands in a request, without its query. */
export type Router = (path: string) => Found | undefined

export function newRouter(routes: readonly Route[]): Router {
  const patterns = new Map<string, { readonly parts: readonly string[]; readonly methods: Map<string, Route> }>()
  for (const route of routes) {
    const { parts, methods } = patterns.get(route.path) ?? { parts: route.path.split('/'), methods: new Map() }
    methods.set(route.method, route)
    if (route.method === 'GET') methods.set('HEAD', route)
    patterns.set(route.path, { parts, methods })
  }
  return path => {
    const plain = patterns.get(path)
    // Who asks for a pattern as it stands names its parts so.
    if (plain !== undefined && !path.includes('/:')) return { pattern: path, params: {}, methods: plain.methods }
    const given = path.split('/')
    for (const [pattern, { parts, methods }] of patterns) {
      const params = match(parts, given)
      if (params !== undefined) return { pattern, params, methods }
    }
    return undefined
  }
}

function match(parts: readonly string[], given: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (parts.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of parts.entries()) {
    const word = given[index] as string
    if (!part.startsWith(':')) {
      if (part !== word) return undefined
      continue
    }
    const value = decoded(word)
    if (value === undefined) return undefined
    params[part.slice(1)] = value
  }
  return params
}

/** A part of a path as a name; undefined for what can be none: nothing, a part with a slash in it, what is not UTF-8. */
function decoded(word: string): string | undefined {
  try {
    const text = decodeURIComponent(word)
    return /^[^/\p{Cc}]+$/u.test(text) ? text : undefined
  } catch {
    return undefined
  }
}
