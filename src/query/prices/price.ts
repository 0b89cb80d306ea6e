/** What tokens of a model cost, in US dollars for a million of each kind. */
export interface Price {
  /** The name of the model, in which `*` stands for any text. */
  readonly model: string
  /** Of input that did not go through the cache. */
  readonly input: number
  readonly output: number
  /** Of input written to the cache; unknown when left out, as are the next. */
  readonly cacheWrite?: number | undefined
  /** Of input written there for an hour. */
  readonly cacheWrite1h?: number | undefined
  readonly cacheRead?: number | undefined
  /** The price holds for requests with so many tokens of input at most, from the cache or not; no limit when left out. */
  readonly upToInputTokens?: number | undefined
}
