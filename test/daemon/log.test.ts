import { expect, onTestFinished, test, vi } from 'vitest'
import { daemonLog } from '../../src/daemon/log.ts'

function logged(event: object): Record<string, unknown>[] {
  const lines: string[] = []
  daemonLog(line => void lines.push(line))(event as Parameters<ReturnType<typeof daemonLog>>[0])
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}

test('an event is one line with its time in UTC and its type as the message', () => {
  const [line] = logged({ type: 'ready', socket: '/somewhere', ms: 12 })
  expect(line).toEqual({
    level: 30,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    socket: '/somewhere',
    ms: 12,
    msg: 'ready',
  })
})

test('what is refused or fails is a warning', () => {
  expect(logged({ type: 'refused', breaking: [] })).toMatchObject([{ level: 40 }])
  for (const type of ['backfill-failed', 'retention-failed'])
    expect(logged({ type, code: 'X', message: 'x', hint: 'x' })).toMatchObject([{ level: 40 }])
})

test('what a message says is not logged, whoever put it into an event', () => {
  for (const key of ['content', 'content_text', 'text', 'raw_frame', 'tool_args', 'record', 'row']) {
    const [line] = logged({ type: 'stopped', [key]: 'private', inner: { [key]: 'private', count: 1 } })
    expect(JSON.stringify(line)).not.toContain('private')
    expect(line).toMatchObject({ msg: 'stopped', inner: { count: 1 } })
  }
})

test('of the progress of an import a line is logged every five seconds, however often it is told', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const lines: string[] = []
  const log = daemonLog(line => void lines.push(line))
  for (let tick = 0; tick < 60; tick++) {
    vi.advanceTimersByTime(250)
    log({
      type: 'backfill',
      event: {
        type: 'progress',
        source: 'claude',
        files: { done: 0, total: 1 },
        bytes: { done: tick, total: 60 },
        lines: tick,
        rows: tick,
        ms: tick * 250,
      },
    })
  }
  expect(lines).toHaveLength(3)
})
