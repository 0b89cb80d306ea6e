/** Characters that a terminal draws two columns wide: East Asian wide ones and emoji, in coarse ranges. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u

/** Characters that are drawn onto the one before. */
const combining = /^(?:\p{Mn}|\p{Me}|\u200d|\ufe0f)/u

/** Columns that a text takes on a terminal. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** A text cut to so many columns, the last of them `…` where something is left out. */
export function cutToWidth(text: string, width: number): string {
  let used = 0
  let position = 0
  let kept = 0
  for (const character of text) {
    used += characterWidth(character)
    if (used > width) return `${text.slice(0, kept)}…`
    position += character.length
    if (used < width) kept = position
  }
  return text
}

function characterWidth(character: string): number {
  if (combining.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
