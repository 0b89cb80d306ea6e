/** What of JSON is still open where a text ends, or would be if it were JSON as far as it goes. */
export function openAtEnd(bytes: Uint8Array): 'text' | 'bracket' | undefined {
  let depth = 0
  let inText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) inText = !inText
    else if (inText) at += byte === 0x5c ? 1 : 0
    else if (byte === 0x7b || byte === 0x5b) depth++
    else if (byte === 0x7d || byte === 0x5d) depth--
  }
  if (inText) return 'text'
  return depth > 0 ? 'bracket' : undefined
}
