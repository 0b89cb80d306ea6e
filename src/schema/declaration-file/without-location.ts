import { applyEdits, modify } from 'jsonc-parser'

/** The text of a declaration file without where its table lies; comments and all else stay. */
export function withoutLocation(text: string): string {
  return applyEdits(text, modify(text, ['location'], undefined, {}))
}
