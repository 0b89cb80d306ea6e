import { expect, test } from 'vitest'
import { metricEntries, metricLabels } from '../../../src/daemon/metrics/catalogue.ts'
import { openMetrics } from '../../../src/daemon/metrics/metrics.ts'
import { watchProcess } from '../../../src/daemon/metrics/process.ts'
import { version } from '../../../src/version.ts'
import { serve } from '../http/serving.ts'

/** Values by sample, as `name{labels}`. */
function samples(text: string): Map<string, number> {
  return new Map(
    text
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))]
      }),
  )
}

test('names are in base units with the prefix of hyp, and what only grows says so', () => {
  for (const [name, { type, help, labels, buckets }] of metricEntries) {
    expect(name).toMatch(/^hyp_[a-z0-9_]+$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kilobytes|megabytes|percent|ratio)(_|$)/)
    expect(help).toMatch(/^[A-Z].*\.$/)
    expect(buckets === undefined).toBe(type !== 'histogram')
    expect(labels).toEqual([...new Set(labels)])
  }
  const names = metricEntries.map(([name]) => name)
  expect(names).toEqual([...names].sort())
})

test('each label is explained, and no other', () => {
  const labels = new Set(metricEntries.flatMap(([, entry]) => entry.labels))
  expect([...labels].sort()).toEqual(Object.keys(metricLabels))
})

/** What rows and flushes are counted by is seen where there are some: test/e2e/metrics.test.ts. */
const ofShell = metricEntries.filter(([name]) => !/^hyp_(?:flush|ingest|maintenance|spool|table)_/.test(name))

test('an HTTP server that is asked gives each metric of its own, and no other', async () => {
  const here = await serve()
  watchProcess(here.metrics, 9)()
  await here.ask('socket', 'GET', '/healthz')
  const { headers, text } = await here.ask('socket', 'GET', '/metrics')
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const found = new Set([...samples(text).keys()].map(name => name.replace(/(_bucket|_sum|_count)?(\{.*)?$/, '')))
  expect([...found].sort()).toEqual(ofShell.map(([name]) => name))
  for (const [name, { type, help }] of metricEntries)
    expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
})

test('requests are counted by route, method and class of the status, and what is not let in by none', async () => {
  const here = await serve()
  await here.ask('port', 'GET', '/healthz')
  await here.ask('port', 'HEAD', '/healthz')
  await here.ask('port', 'POST', '/v1/apply', { body: 'x' })
  await here.ask('port', 'DELETE', '/v1/apply')
  await here.ask('port', 'GET', '/healthz', { headers: { authorization: '' } })
  await here.ask('port', 'POST', '/v1/apply', { headers: { origin: 'https://evil.test' } })
  await here.ask('port', 'GET', '/nowhere')
  expect(await here.counted()).toEqual({
    '/healthz GET 2xx': 1,
    '/healthz HEAD 2xx': 1,
    '/v1/apply POST 4xx': 1,
    '/v1/apply other 4xx': 1,
    'none GET 4xx': 2,
    'none POST 4xx': 1,
  })
  const { text } = await here.metrics.read()
  expect(samples(text).get('hyp_http_request_duration_seconds_count{route="/healthz",method="GET"}')).toBe(1)
})

test('whatever is sent, there are no more metrics than before', async () => {
  const here = await serve()
  const ask = async (word: string): Promise<void> => {
    await here.ask('port', 'GET', `/${word}`)
    await here.ask('port', 'GET', `/v1/${word}?${word}=${word}`)
    await here.ask('port', 'PROPFIND', '/healthz')
    await here.ask('port', 'POST', '/v1/apply', { headers: { 'hyp-version': word, [word]: word, host: word } })
  }
  await ask('canary')
  const before = samples((await here.metrics.read()).text)
  for (const word of ['one', 'two', 'three']) await ask(word)
  const after = (await here.metrics.read()).text
  expect([...samples(after).keys()]).toEqual([...before.keys()])
  expect(after).not.toContain('canary')
})

test('a busy main thread is seen in its delay, once, and memory in bytes', async () => {
  const metrics = await openMetrics()
  const stop = watchProcess(metrics, 7)
  await new Promise(resolve => setTimeout(resolve, 50))
  const until = performance.now() + 300
  while (performance.now() < until);
  await new Promise(resolve => setTimeout(resolve, 50))
  const first = samples((await metrics.read()).text)
  const longest = 'hyp_event_loop_delay_max_seconds'
  expect(first.get(longest)).toBeGreaterThan(0.2)
  expect(first.get(longest)).toBeLessThan(5)
  expect(first.get('hyp_event_loop_delay_p99_seconds')).toBeLessThanOrEqual(first.get(longest) as number)
  expect(first.get('hyp_process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  const build = `hyp_build_info{version="${version}",node="${process.versions.node}",release="7"}`
  expect(first.get(build)).toBe(1)
  await expect
    .poll(async () => samples((await metrics.read()).text).get(longest))
    .toBeLessThan(first.get(longest) as number)
  stop()
})

test('what is looked at is looked at before each reading', async () => {
  const metrics = await openMetrics()
  let memory = 1
  metrics.onReading(async () => metrics.set('hyp_process_resident_memory_bytes', {}, memory++))
  const name = 'hyp_process_resident_memory_bytes'
  expect(samples((await metrics.read()).text).get(name)).toBe(1)
  expect(samples((await metrics.read()).text).get(name)).toBe(2)
})
