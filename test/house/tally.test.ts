import { expect, test } from 'vitest'
import { line, sum, type VitestResults } from '../../scripts/tally/sum.ts'

function results(...files: (readonly [status: string, ...tests: string[]])[]): VitestResults {
  return {
    testResults: files.map(([status, ...tests]) => ({
      status,
      assertionResults: tests.map(outcome => ({ status: outcome })),
    })),
  }
}

test('the counts of all runs are added', () => {
  const total = sum([
    { kind: 'tests', status: 1, results: results(['failed', 'passed', 'failed'], ['passed', 'passed', 'pending']) },
    { kind: 'tests', status: 0, results: results(['passed', 'passed', 'skipped', 'todo']) },
    { kind: 'step', status: 0 },
  ])
  expect(total).toEqual({ passed: 3, failed: 1, skipped: 3 })
  expect(line(total)).toBe('3 passed, 1 failed, 3 skipped')
})

test('a line without skipped tests does not mention them', () => {
  expect(line({ passed: 2, failed: 0, skipped: 0 })).toBe('2 passed, 0 failed')
})

test('a file that cannot be loaded is a failure, though it has no tests', () => {
  expect(sum([{ kind: 'tests', status: 1, results: results(['failed'], ['passed', 'passed']) }]).failed).toBe(1)
})

test('a run that ends badly is a failure, though all its tests passed', () => {
  expect(sum([{ kind: 'tests', status: 1, results: results(['passed', 'passed']) }]).failed).toBe(1)
})

test('a run without a report or without a passing test is a failure', () => {
  expect(sum([{ kind: 'tests', status: 0, results: undefined }]).failed).toBe(1)
  expect(sum([{ kind: 'tests', status: 0, results: results(['passed', 'skipped']) }]).failed).toBe(1)
})

test('a step that fails is a failure', () => {
  expect(sum([{ kind: 'step', status: 2 }])).toEqual({ passed: 0, failed: 1, skipped: 0 })
})
