import type { Counter, Gauge, Histogram } from 'prom-client'
import { type LabelsOf, metricEntries, type NameOf } from './catalogue.ts'

/** Counts what a daemon does; every name and label is one of the catalogue. */
export interface Metrics {
  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void
  set<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void
  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void
  /** Runs before each reading: for what is looked at rather than counted. */
  onReading(look: () => void | Promise<void>): void
  /** All of them, as Prometheus reads them. */
  read(): Promise<Reading>
}

export interface Reading {
  readonly contentType: string
  readonly text: string
}

/** The package behind it is loaded here and nowhere else: no other command pays for it. */
export async function openMetrics(): Promise<Metrics> {
  const client = (await import('prom-client')).default
  const registry = new client.Registry()
  const kinds = { counter: client.Counter, gauge: client.Gauge, histogram: client.Histogram }
  const metrics = new Map<string, Counter | Gauge | Histogram>(
    metricEntries.map(([name, { type, help, labels, buckets }]) => {
      const configuration = { name, help, labelNames: [...labels], registers: [registry] }
      return [
        name,
        new kinds[type](buckets === undefined ? configuration : { ...configuration, buckets: [...buckets] }),
      ]
    }),
  )
  const looks: (() => void | Promise<void>)[] = []
  return {
    count: (name, labels, by = 1) => (metrics.get(name) as Counter).inc(labels, by),
    set: (name, labels, value) => (metrics.get(name) as Gauge).set(labels, value),
    observe: (name, labels, value) => (metrics.get(name) as Histogram).observe(labels, value),
    onReading: look => void looks.push(look),
    read: async () => {
      for (const look of looks) await look()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
