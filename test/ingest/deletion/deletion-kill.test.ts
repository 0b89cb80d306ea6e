import { describe, expect, test } from 'vitest'
import { deletions, killAt } from './killing.ts'

describe('when the process is killed or the power fails at some moments', () => {
  test.each(deletions)(
    '%s are wholly there or wholly gone, and the same again finishes it',
    async (_what, unwanted, left) => {
      expect(await killAt(unwanted, left, 4)).toBeGreaterThan(40)
    },
  )
})
