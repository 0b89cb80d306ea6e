import { type CommandEntry, json, oneTable } from '../command.ts'

/** Commands of declarations and plans. */
export const schemaCommands: readonly CommandEntry[] = [
  {
    name: 'plan',
    summary: 'Show what the declarations would change in their tables. Reads only.',
    argument: {
      name: 'table',
      required: false,
      description: 'one declared table of the home; by default all of them',
    },
    options: [
      json,
      {
        flags: '--format <format>',
        description: 'text by default; github prints annotations, markdown a note; json is --json',
        env: 'HYP_PLAN_FORMAT',
        choices: ['text', 'json', 'github', 'markdown'],
      },
      { flags: '--exit-code', description: 'let the exit status tell the worst verdict', env: 'HYP_EXIT_CODE' },
      {
        flags: '--declare <file>',
        description: 'a declaration file in place of those of the home',
        env: 'HYP_DECLARE',
      },
      {
        flags: '--against <file>',
        description: 'plan against the table that another declaration file makes; needs no table',
        env: 'HYP_AGAINST',
      },
      {
        flags: '--table <path>',
        description: 'plan for any Iceberg table, by its directory or a metadata file; with --declare',
        env: 'HYP_TABLE',
      },
    ],
    examples: ['hyp plan --exit-code', 'hyp plan --against base.json --declare schema/orders.json --format github'],
    exits:
      '0; with --exit-code 2 changes or drift, 3 breaking, 4 a table is newer; 1 a table cannot be read, or there is none at the path; 64 no such declared table; 78 a declaration is invalid',
    run: async (context, options, table) => (await import('../commands/plan.ts')).runPlan(context, options, table),
  },
  {
    name: 'apply',
    summary: 'Bring tables to their declarations, each in place or not at all.',
    argument: { name: 'table', required: false, description: 'one declared table; by default all of them' },
    options: [
      json,
      {
        flags: '--expect <plan-id>',
        description: 'apply only the plan with this id, whichever table it is of',
        env: 'HYP_EXPECT',
      },
    ],
    examples: ['hyp apply', 'hyp apply --expect 0123456789abcdef'],
    exits:
      '0 applied or nothing to do; else the worst of 1 a table cannot be read, 3 refused, breaking, 4 refused, newer; 64 no such declared table; 75 another plan than expected, or another process works on the home; 78 a declaration is invalid',
    run: async (context, options, table) => (await import('../commands/apply.ts')).runApply(context, options, table),
  },
  {
    name: 'adopt',
    summary: 'Take a table that another program made or changed as it is.',
    argument: {
      name: 'table',
      required: true,
      description:
        'the directory of an Iceberg table, taken under its declaration or one that is written for it; or a declared table, whose present shape becomes what later changes are held against',
    },
    options: [
      json,
      {
        flags: '--name <name>',
        description: 'the name to declare it by; by default its directory’s',
        env: 'HYP_NAME',
      },
    ],
    examples: ['hyp adopt ai_gateway_messages', 'hyp adopt /srv/warehouse/orders --name orders'],
    exits:
      '0 adopted, or nothing to do; 1 there is no table; 3 refused, with everything in the way; 4 refused, newer; 64 the name is that of another table; 75 another process works on the home; 78 a declaration is invalid',
    run: async (context, options, target = '') =>
      (await import('../commands/adopt.ts')).runAdopt(context, options, target),
  },
  {
    name: 'history',
    summary: 'Show what hyp did to a table: its creation, every evolution, repair and adoption.',
    argument: oneTable,
    options: [json],
    examples: ['hyp history', 'hyp history orders --json'],
    exits: '0; 1 there is no table; 64 no such declared table',
    run: async (context, options, table) =>
      (await import('../commands/history.ts')).runHistory(context, options, table),
  },
  {
    name: 'rules',
    summary: 'List the rules by which changes are judged, or show one whole.',
    argument: { name: 'code', required: false, description: 'one rule, by its code' },
    options: [json],
    examples: ['hyp rules', 'hyp rules BR202'],
    exits: '0; 64 there is no such rule',
    run: async (context, options, code) => (await import('../commands/rules.ts')).runRules(context, options, code),
  },
]
