import type { BuiltinColumn } from './column.ts'

/** The message a row is a part of: ids, order, time, role. */
export const messageColumns: readonly BuiltinColumn[] = [
  {
    name: 'message_id',
    type: 'string',
    required: true,
    since: 4,
    doc: 'Id of the message: the uuid of Claude’s record or the id of Codex’s item, and where there is none a digest that comes out the same on every reading; a forked session keeps the ids of the history it copied, so it is unique only within one session.',
  },
  {
    name: 'previous_message_id',
    type: 'string',
    since: 4,
    doc: 'JSON array with the `message_id` of the message before this one, of the same session or thread and the same agent; empty for the first.',
  },
  {
    name: 'provider_uuid',
    type: 'string',
    since: 4,
    doc: 'The provider’s own id of the API response, e.g. `msg_…`, shared by all messages into which the client split that response; null where the record has none.',
  },
  {
    name: 'parent_uuid',
    type: 'string',
    since: 4,
    doc: 'The `message_id` that this message follows in Claude’s tree; null at a root, where a compaction begins the tree anew, and for Codex.',
  },
  {
    name: 'logical_parent_uuid',
    type: 'string',
    since: 4,
    doc: 'The `message_id` that this message follows across a compaction, where `parent_uuid` is null; null elsewhere.',
  },
  {
    name: 'source_tool_assistant_uuid',
    type: 'string',
    since: 4,
    doc: 'On a tool result of Claude the `message_id` of the assistant message that called the tool; null elsewhere and in records of older clients.',
  },
  {
    name: 'request_id',
    type: 'string',
    since: 4,
    doc: 'Id of the API request behind the message, e.g. `req_…`; with `provider_uuid` it names one billed response; null on messages that no request produced and behind some gateways.',
  },
  {
    name: 'prompt_id',
    type: 'string',
    since: 4,
    doc: 'Id that Claude gives to a prompt; null where the record has none and for Codex.',
  },
  {
    name: 'message_index',
    type: 'int',
    required: true,
    since: 4,
    doc: 'Position of the message in its thread, or for Claude in its session and agent, rising in the order of recording.',
  },
  {
    name: 'message_created_at',
    type: 'timestamptz',
    required: true,
    since: 4,
    doc: 'When the message was recorded, in UTC; the time to filter and to sort by, with `part_index` for the parts of one message.',
  },
  {
    name: 'role',
    type: 'string',
    required: true,
    since: 4,
    doc: 'Who speaks: `user`, `assistant`, `system` or `tool`; not every `user` row was typed by a person, since Claude’s tool results and text that clients put in have that role too.',
  },
]
