/** What was found wrong, and in which file. */
export interface Damage {
  readonly file: string
  readonly message: string
}
