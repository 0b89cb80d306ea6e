/**
 * Every metric, by its name: prefix `hyp_`, base units, `_total` for what only grows. `/metrics` and `docs/metrics.md`
 * are made of it. An entry is all that a new metric needs; `Metrics` then takes its name, with its labels.
 */
const metricCatalogue = {
  hyp_build_info: {
    type: 'gauge',
    help: 'Always 1; its labels say what runs.',
    labels: ['version', 'node', 'release'],
  },
  hyp_event_loop_delay_max_seconds: {
    type: 'gauge',
    help: 'For how long the main thread was not free at a stretch, the longest time since the last reading.',
    labels: [],
  },
  hyp_event_loop_delay_p99_seconds: {
    type: 'gauge',
    help: 'For how long the main thread was not free, the 99th percentile since the last reading.',
    labels: [],
  },
  hyp_flush_duration_seconds: {
    type: 'histogram',
    help: 'From the beginning of a flush to its last durable commit.',
    labels: ['table'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  hyp_flush_failures_total: {
    type: 'counter',
    help: 'Flushes that failed; the rows stay in the spool.',
    labels: ['table'],
  },
  hyp_flush_rows_total: {
    type: 'counter',
    help: 'Rows that left the spool.',
    labels: ['table', 'outcome'],
  },
  hyp_http_request_duration_seconds: {
    type: 'histogram',
    help: 'From the headers of a request to the end of its answer.',
    labels: ['route', 'method'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  hyp_http_requests_total: {
    type: 'counter',
    help: 'Requests that were answered, or whose sender went away before.',
    labels: ['route', 'method', 'status'],
  },
  hyp_ingest_rows_total: {
    type: 'counter',
    help: 'Rows that were sent to be stored.',
    labels: ['table', 'outcome'],
  },
  hyp_maintenance_duration_seconds: {
    type: 'histogram',
    help: 'How long it took to compact, expire and sweep a table, where anything was due.',
    labels: ['table'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
  },
  hyp_maintenance_failures_total: {
    type: 'counter',
    help: 'Times that maintenance of a table failed; it is tried again.',
    labels: ['table'],
  },
  hyp_process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory of the process that is in RAM.',
    labels: [],
  },
  hyp_spool_bytes: {
    type: 'gauge',
    help: 'Bytes of acknowledged rows on their way to a table.',
    labels: ['table'],
  },
  hyp_spool_held_rows: {
    type: 'gauge',
    help: 'Acknowledged rows that the table does not take as it is.',
    labels: ['table'],
  },
  hyp_spool_rows: {
    type: 'gauge',
    help: 'Acknowledged rows on their way to a table, held ones too.',
    labels: ['table'],
  },
  hyp_table_data_files: {
    type: 'gauge',
    help: 'Live data files of a table, when it was last looked at.',
    labels: ['table'],
  },
  hyp_table_snapshots: {
    type: 'gauge',
    help: 'Snapshots that a table keeps, when it was last looked at.',
    labels: ['table'],
  },
  hyp_watched_directories: {
    type: 'gauge',
    help: 'Directories with transcripts that are watched.',
    labels: [],
  },
  hyp_watched_files: {
    type: 'gauge',
    help: 'Transcripts that are watched.',
    labels: [],
  },
} as const

/** What each label says. Its values are few, whatever is sent to the daemon. */
export const metricLabels: Readonly<Record<LabelOf<MetricName>, string>> = {
  method: '`GET`, `HEAD`, `POST`; `other` for all else',
  node: 'the version of Node',
  outcome:
    'what became of them: `stored`, `refused`, `discarded` by a contract, `duplicate` of a stored row, `deleted` before, `set-aside` among the rejects',
  release: 'the built-in release it runs as',
  route: 'the pattern of the route, such as `/v1/tables/:table/rows`; `none` where the request came to none',
  status: 'the class of the status, such as `2xx`; `none` where the sender went away before an answer',
  table: 'a declared table',
  version: 'the version of hyp',
}

type Catalogue = typeof metricCatalogue

export type MetricName = keyof Catalogue

type LabelOf<Name extends MetricName> = Catalogue[Name]['labels'][number]

/** Names of the metrics of a type. */
export type NameOf<Type extends MetricEntry['type']> = {
  [Name in MetricName]: Catalogue[Name]['type'] extends Type ? Name : never
}[MetricName]

/** A value for each label of a metric. */
export type LabelsOf<Name extends MetricName> = Readonly<Record<LabelOf<Name>, string>>

interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence. */
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[]
}

/** The catalogue without what is particular to single entries. */
export const metricEntries: readonly (readonly [string, MetricEntry])[] = Object.entries(metricCatalogue)
