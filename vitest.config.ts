import { defineConfig } from 'vitest/config'
import { everything, globsOf, longTests, suites } from './scripts/suites.ts'

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    reporters: ['default', './scripts/skipped-reporter.ts'],
    projects: suites
      .filter(suite => everything || suite.when === 'always')
      .map(suite => ({
        extends: true as const,
        test: {
          name: suite.name,
          include: globsOf(suite),
          exclude: everything ? [] : [longTests],
          testTimeout: suite.timeout,
          hookTimeout: suite.timeout,
          // A second, as it would be, is nothing on a machine that has much else to do.
          expect: { poll: { timeout: suite.timeout / 2 } },
          globalSetup: suite.needsBuild ? ['./scripts/build-once.ts'] : [],
          // A test that forgets to name its own folders must fail, not touch those of the person who runs it.
          env: { HYP_HOME: '/nowhere/hyp', CLAUDE_CONFIG_DIR: '/nowhere/claude', CODEX_HOME: '/nowhere/codex' },
        },
      })),
  },
})
