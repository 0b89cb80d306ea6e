/** An identifier as SQL text. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A string literal as SQL text. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A path as DuckDB's readers want it: they take it for a pattern, in which `[`, `*` and `?` have a meaning. */
export function quotePattern(path: string): string {
  return quoteText(patternOf(path))
}

/** The pattern that matches one path and no other. */
export function patternOf(path: string): string {
  return path.replaceAll(/[[*?]/g, '[$&]')
}
