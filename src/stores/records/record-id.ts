/** Whether a text may be the id of a record, and so a part of a file's name: no dot, no separator, nothing to hide in. */
export function isRecordId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(text)
}
