import { expect, test } from 'vitest'
import { failures, line, sum, type VitestResults } from '../../scripts/tally/sum.ts'

function results(...files: (readonly [status: string, ...tests: string[]])[]): VitestResults {
  return {
    testResults: files.map(([status, ...tests]) => ({
      name: 'some.test.ts',
      status,
      message: 'no such module\nat a line',
      assertionResults: tests.map(outcome => ({
        status: outcome,
        fullName: `is ${outcome}`,
        failureMessages: ['AssertionError: 1 is not 2\nat a line'],
      })),
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

test('what failed is named, with the first line of why', () => {
  expect(failures(results(['failed', 'passed', 'failed'], ['passed', 'passed'], ['failed']))).toEqual([
    'failed: some.test.ts › is failed › AssertionError: 1 is not 2',
    'failed: some.test.ts › no such module',
  ])
  expect(failures(undefined)).toEqual([])
})
