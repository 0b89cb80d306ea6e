/** One thing that happened to a task. Members that this version does not know are kept. */
export interface TimelineEntry {
  /** RFC 3339, UTC. */
  readonly at: string
  readonly kind: string
  /** At most {@link longestSummary} characters; never what a message says. */
  readonly summary: string
  /** Of an entry of kind `omitted`: how many stood in its place. */
  readonly omitted?: number
}

/** Entries of a timeline. */
export const longestTimeline = 256

/** How a task began is kept for good. */
const firstKept = 8

/** Characters of a summary. */
const longestSummary = 240

/** A timeline with one more entry. Progress that follows progress takes its place. */
export function addEntry(timeline: readonly TimelineEntry[], entry: TimelineEntry): readonly TimelineEntry[] {
  const added = { ...entry, summary: shortened(entry.summary) }
  const replaces = entry.kind === 'progress' && timeline.at(-1)?.kind === 'progress'
  return bounded([...(replaces ? timeline.slice(0, -1) : timeline), added])
}

/** At most {@link longestTimeline} entries: the first ones, a marker that says how many are left out, and the newest. */
function bounded(timeline: readonly TimelineEntry[]): readonly TimelineEntry[] {
  if (timeline.length <= longestTimeline) return timeline
  const newest = timeline.slice(firstKept + 1 - longestTimeline)
  const left = timeline.slice(firstKept, timeline.length - newest.length)
  const omitted = left.reduce((sum, entry) => sum + (entry.kind === 'omitted' ? (entry.omitted ?? 1) : 1), 0)
  const { at } = left.at(-1) as TimelineEntry
  const marker = { at, kind: 'omitted', summary: `${omitted} entries are left out`, omitted }
  return [...timeline.slice(0, firstKept), marker, ...newest]
}

/**
 * The flat log of the first tasks as a timeline: each line is an entry, under the time it begins with, or that of the
 * line before.
 * @param from RFC 3339, the time of lines before any other
 */
export function timelineOfLog(log: string, from: string): readonly TimelineEntry[] {
  let at = from
  const entries = log.split('\n').flatMap(line => {
    const [, time = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
    const isTimed = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(time) && !Number.isNaN(Date.parse(time))
    if (isTimed) at = time
    const summary = shortened((isTimed ? rest : line).trim())
    return summary === '' ? [] : [{ at, kind: 'note', summary }]
  })
  return bounded(entries)
}

/** By code point, so that no character is cut in two. */
function shortened(text: string): string {
  if (text.length <= longestSummary) return text
  const cut = text.slice(0, longestSummary - 1)
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
