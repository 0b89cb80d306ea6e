import type { Trouble } from './ingest-disk.ts'
import type { RequestPlan } from './ingest-requests.ts'
import type { Change } from './ingest-versions.ts'

/** Something that is done to a table, or to what it lies on. */
export type Deed =
  /** Requests that come at the same time. */
  | { readonly do: 'ingest'; readonly requests: readonly RequestPlan[] }
  /** One new request, which comes twice at the same time. */
  | { readonly do: 'ingest twice'; readonly request: RequestPlan }
  /** An earlier request once more, or one from the end where it is negative; changed: another with its idempotency key. */
  | { readonly do: 'again'; readonly which: number; readonly changed: boolean }
  /** A row gets into the spool that no table takes, beside one that is well. */
  | { readonly do: 'spool a faulty row'; readonly seed: number }
  | { readonly do: 'flush' }
  | { readonly do: 'flush part'; readonly most: number }
  | { readonly do: 'flush interrupted' }
  /** The next declaration there is, or a new one. */
  | { readonly do: 'declare next'; readonly change: Change; readonly chance: number }
  | { readonly do: 'declare older' }
  /** The next process finds an older declaration. */
  | { readonly do: 'put older file' }
  | { readonly do: 'others append'; readonly seed: number }
  | { readonly do: 'others evolve'; readonly change: Change; readonly chance: number }
  /** A copy of the spool goes into the table by way of another home. */
  | { readonly do: 'twin flushes'; readonly seed: number }
  /** It is no more as soon as its commit has its name, which is not durable. */
  | { readonly do: 'twin dies' }
  | { readonly do: 'copy spool' }
  | { readonly do: 'put copy back'; readonly kill: boolean }
  | { readonly do: 'restart' }
  | { readonly do: 'kill' }
  | { readonly do: 'cut power'; readonly seed: number }
  | { readonly do: 'wait'; readonly ms: number }
  /** One bit of a file of the spool; where, as parts of their number and of its length. */
  | { readonly do: 'damage'; readonly file: number; readonly at: number; readonly bit: number }
  /** The disk fails no more. */
  | { readonly do: 'repair' }

/** A deed, and what happens to the disk from its beginning on. */
export interface Action {
  readonly deed: Deed
  readonly trouble?: Trouble
}

export function printAction({ deed, trouble }: Action): string {
  const { do: name, ...details } = deed
  const told = [name, ...(Object.keys(details).length === 0 ? [] : [JSON.stringify(details)])]
  return trouble === undefined ? told.join(' ') : `${told.join(' ')}, and: ${JSON.stringify(trouble)}`
}
