import { type CommandEntry, json } from '../command.ts'
import { daemonSettings } from '../daemon-settings.ts'
import type { RunCli } from '../io.ts'

/** Commands that run the daemon. */
export const runCommands: readonly CommandEntry[] = [
  {
    name: 'daemon',
    summary: 'Run in the foreground: evolve the tables, import histories, answer commands.',
    options: [
      {
        flags: '--log-format <format>',
        description: 'text for people, json for programs; by default as the output is a terminal',
        env: 'HYP_LOG_FORMAT',
        choices: ['text', 'json'],
      },
      ...daemonSettings,
    ],
    examples: ['hyp daemon --port 7373', 'hyp daemon --as-release 5 --log-format json'],
    exits:
      '0 stopped; 4 the table is newer; 75 another process works on the home; 78 a declaration or config.json is invalid, or the port is taken',
    run: async (context, options) => (await import('../commands/daemon.ts')).runDaemon(context, options),
  },
  {
    name: 'start',
    summary: 'Start the daemon in the background.',
    options: daemonSettings,
    examples: ['hyp start', 'hyp start --as-release 5 --port 7373'],
    exits: '0 it runs; 4, 75, 78 as hyp daemon; 78 it runs already, at another port',
    run: async (context, options) => (await import('../commands/start.ts')).runStart(context, options),
  },
  {
    name: 'stop',
    summary: 'Stop the daemon.',
    examples: ['hyp stop', 'hyp stop --home /srv/hyp'],
    exits: '0 it does not run any more; 69 it did not stop',
    run: async context => (await import('../commands/start.ts')).runStop(context),
  },
  {
    name: 'status',
    summary: 'Show whether the daemon runs, every table, and why the import waits when it does.',
    options: [json],
    examples: ['hyp status', 'hyp status --json'],
    exits: '0; 69 the daemon does not answer; 78 no daemon runs and a declaration is invalid',
    run: async (context, options) => (await import('../commands/status.ts')).runStatus(context, options),
  },
]

/** The one command that types others. */
export function demoCommand(runCli: RunCli): CommandEntry {
  return {
    name: 'demo',
    summary: 'Show the whole story in a temporary home, on a made-up history.',
    options: [{ flags: '--keep', description: 'keep the temporary home', env: 'HYP_KEEP' }],
    examples: ['hyp demo', 'hyp demo --keep'],
    exits: '0 told to the end; 130 interrupted',
    run: async (context, options) => (await import('../commands/demo.ts')).runDemo(context, runCli, options),
  }
}
