/** A command as a person typed it, from the tags that the client wraps it in; any other text as it is. */
export function typedCommand(text: string): string {
  const shell = within(text, 'bash-input')
  if (shell !== '') return `! ${shell}`
  const name = within(text, 'command-name')
  return name === '' ? text : `${name} ${within(text, 'command-args')}`.trimEnd()
}

/** Of a text that was cut, the last tag has no end. */
function within(text: string, tag: string): string {
  return new RegExp(`<${tag}>([^]*?)(?:</${tag}>|$)`).exec(text)?.[1]?.trim() ?? ''
}
