/** Takes what is written, text or (for `arrow`) bytes; a promise is awaited before more comes. */
export type Write = (piece: string | Uint8Array) => void | Promise<void>
