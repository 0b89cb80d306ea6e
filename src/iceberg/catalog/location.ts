/*
 * Locations inside a table are `file://` followed by the plain path, nothing
 * percent-encoded: that is what Java, PyIceberg, ClickHouse and DuckDB all
 * take apart the same way, also for a path with a space or a ü.
 */

/** The location of a local path. */
export function locationOf(path: string): string {
  return `file://${path}`
}

/** The local path of a location; locations of other schemes are given back as they are. */
export function localPath(location: string): string {
  if (location.startsWith('file://')) return location.slice('file://'.length)
  return location.startsWith('file:/') ? location.slice('file:'.length) : location
}

/**
 * A function from a location to the path that it has below another one; undefined for what lies elsewhere. Programs
 * spell one file in several ways: Java takes two slashes away from what a catalog told it.
 */
export function pathBelow(location: string): (other: string) => string | undefined {
  const root = `${localPath(location).replace(/\/+$/, '')}/`
  return other => {
    const path = localPath(other)
    return path.startsWith(root) ? path.slice(root.length) : undefined
  }
}

/**
 * A function from a table's locations to paths. A table is found where its
 * directory is now: what lies under the location it was written for is looked
 * for under `directory`.
 */
export function pathResolver(tableLocation: string, directory: string): (location: string) => string {
  const below = pathBelow(tableLocation)
  return location => {
    const inside = below(location)
    return inside === undefined ? localPath(location) : `${directory}/${inside}`
  }
}
