/** An option as it stands in `--help`. Every one has a twin in the environment. */
export interface OptionEntry {
  readonly flags: string
  readonly description: string
  /** The environment variable that stands for it where it is not given. */
  readonly env: string
  readonly choices?: readonly string[]
}

/** Values of options by their names in camel case, from the command line or the environment. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>
