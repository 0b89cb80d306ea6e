import { metricEntries, metricLabels } from '../../src/daemon/metrics/catalogue.ts'

/** The page `docs/metrics.md`: every metric of the catalogue, and every label. */
export function renderMetricsDoc(): string {
  return `# Metrics

This page is written by \`npm run docs\` from \`src/daemon/metrics/catalogue.ts\`.

\`GET /metrics\` answers them as Prometheus reads them. At the port a scraper needs the token
([http.md](http.md#who-is-let-in)):

\`\`\`yaml
scrape_configs:
  - job_name: hyp
    authorization: { credentials_file: /home/me/.local/share/hyp/run/token }
    static_configs: [{ targets: ["127.0.0.1:7373"] }]
\`\`\`

They are names and numbers: nothing that anybody wrote stands in them. Each begins anew with the process.

| metric | type | labels | meaning |
|---|---|---|---|
${metricEntries.map(([name, { type, help, labels }]) => `| \`${name}\` | ${type} | ${labels.map(code).join(', ')} | ${help} |`).join('\n')}

| label | values |
|---|---|
${Object.entries(metricLabels)
  .map(([name, says]) => `| \`${name}\` | ${says} |`)
  .join('\n')}
`
}

function code(text: string): string {
  return `\`${text}\``
}
