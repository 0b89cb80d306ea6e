/** Folders and names have the local time, which is hours away from that of the lines. */
export function rolloutPath(id: string, ms: number, archived: boolean, ending: string): string {
  const local = new Date(ms - 7 * 3_600_000).toISOString()
  const name = `rollout-${local.slice(0, 19).replaceAll(':', '-')}-${id}.${ending}`
  return archived ? `archived_sessions/${name}` : `sessions/${local.slice(0, 10).replaceAll('-', '/')}/${name}`
}
