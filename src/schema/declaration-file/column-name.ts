/** How engines that do not tell `A` from `a` see a name. */
export function foldName(name: string): string {
  return name.toLowerCase()
}

/** What is wrong with a name by itself; undefined when nothing is. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'A name is empty.'
  if (name.trim() === '') return 'A name is nothing but white space.'
  if (name !== name.trim()) return `The name "${name}" has white space around it.`
  if (/\p{Cc}/u.test(name)) return `The name ${JSON.stringify(name)} holds a control character.`
  if (/\p{Surrogate}/u.test(name)) return `The name ${JSON.stringify(name)} holds half a character.`
  return undefined
}
