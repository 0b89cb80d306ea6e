/** What the client says in the user's name, by how it begins. */
const beginnings: readonly (readonly [string, string])[] = [
  ['<environment_context', 'environment_context'],
  ['# AGENTS.md instructions', 'user_instructions'],
  ['<user_instructions', 'user_instructions'],
  ['<INSTRUCTIONS>', 'user_instructions'],
  ['<permissions', 'permissions'],
  ['<turn_aborted', 'turn_aborted'],
  ['<subagent_notification', 'subagent_notification'],
  ['<skills_instructions', 'skills_instructions'],
  ['<skill>', 'skill'],
  ['<skill ', 'skill'],
  ['<user_shell_command', 'user_shell_command'],
  ['<recommended_plugins', 'recommended_plugins'],
  ['<model_switch', 'model_switch'],
  ['<collaboration_mode', 'collaboration_mode'],
  ['<personality_spec', 'personality_spec'],
  ['<apps_instructions', 'apps_instructions'],
  ['<plugins_instructions', 'plugins_instructions'],
  ['<realtime_conversation', 'realtime_conversation'],
  ['<user_action', 'user_action'],
  ['<hook_prompt', 'hook_prompt'],
  ['<goal_context', 'goal_context'],
]

/** Which kind of harness text this is; null for what a person or a model wrote. */
export function harnessOf(text: string): string | null {
  const start = text.search(/\S/)
  if (start === -1 || (text[start] !== '<' && text[start] !== '#')) return null
  return beginnings.find(([beginning]) => text.startsWith(beginning, start))?.[1] ?? null
}
