/*
 * What was last applied to a table, kept in the table itself: properties that
 * are set in the same commit as the schema they speak of.
 */

export const appliedProperties = {
  builtinRelease: 'hyp.builtin.release',
  builtinFingerprint: 'hyp.builtin.fingerprint',
  declarationFingerprint: 'hyp.declaration.fingerprint',
  schemaId: 'hyp.applied-schema-id',
  specId: 'hyp.applied-spec-id',
  sortOrderId: 'hyp.applied-sort-order-id',
} as const

const evolutionPrefix = 'hyp.evolution.'

/** What happened: made, brought to a later declaration, brought back to its own, or accepted as others made it. */
export type EvolutionKind = 'creation' | 'evolution' | 'repair' | 'adoption'

/** One evolution as the table remembers it. */
export interface Evolution {
  /** Counts from 1. */
  readonly n: number
  readonly kind: EvolutionKind
  /** null for the creation; release null where no declaration was applied before. */
  readonly from: { readonly release: number | null; readonly schema: number } | null
  readonly to: { readonly release: number | null; readonly schema: number }
  readonly changes: readonly {
    readonly code: string
    readonly path: string
    readonly change: string
    /** null for what is no column. */
    readonly fieldId: number | null
  }[]
  /** Fingerprint of the declaration that was applied. */
  readonly fingerprint: string
  /** RFC 3339, UTC. */
  readonly at: string
  /** From the decision to the commit, in milliseconds. */
  readonly ms: number
  /** Version of hyp. */
  readonly hyp: string
}

/** Undefined members: no declaration was ever applied to the table. */
export interface Applied {
  readonly release: number | undefined
  readonly builtinFingerprint: string | undefined
  readonly declarationFingerprint: string | undefined
  readonly schemaId: number | undefined
  readonly specId: number | undefined
  readonly sortOrderId: number | undefined
}

type Properties = Readonly<Record<string, string>>

export function readApplied(properties: Properties): Applied {
  return {
    release: integer(properties[appliedProperties.builtinRelease]),
    builtinFingerprint: properties[appliedProperties.builtinFingerprint],
    declarationFingerprint: properties[appliedProperties.declarationFingerprint],
    schemaId: integer(properties[appliedProperties.schemaId]),
    specId: integer(properties[appliedProperties.specId]),
    sortOrderId: integer(properties[appliedProperties.sortOrderId]),
  }
}

/** The evolutions of a table, oldest first. An entry that is not one is left out: properties are anybody's to set. */
export function readEvolutions(properties: Properties): Evolution[] {
  return Object.entries(properties)
    .flatMap(([name, text]) => {
      const n = name.startsWith(evolutionPrefix) ? Number(name.slice(evolutionPrefix.length)) : Number.NaN
      const evolution = Number.isSafeInteger(n) ? parseEvolution(text) : undefined
      return evolution === undefined ? [] : [{ ...evolution, n }]
    })
    .sort((a, b) => a.n - b.n)
}

/** The first tables had evolutions without a kind and without field ids. */
function parseEvolution(text: string): Omit<Evolution, 'n'> | undefined {
  try {
    const found = JSON.parse(text) as Partial<Evolution> | null
    const { kind = found?.from === null ? 'creation' : 'evolution', fingerprint, at, hyp, ms, from, to } = found ?? {}
    const changes = ((found?.changes ?? []) as readonly Partial<Evolution['changes'][number]>[]).map(change => ({
      ...change,
      fieldId: change.fieldId ?? null,
    }))
    const isWhole =
      [kind, fingerprint, at, hyp].every(value => typeof value === 'string') &&
      typeof ms === 'number' &&
      isStage(to) &&
      (from === null || isStage(from)) &&
      Array.isArray(found?.changes) &&
      changes.every(
        change =>
          [change.code, change.path, change.change].every(value => typeof value === 'string') &&
          (change.fieldId === null || typeof change.fieldId === 'number'),
      )
    return isWhole ? ({ ...found, kind, changes } as Evolution) : undefined
  } catch {
    return undefined
  }
}

function isStage(stage: unknown): boolean {
  const { release, schema } = (stage ?? {}) as { readonly release?: unknown; readonly schema?: unknown }
  return typeof schema === 'number' && (release === null || typeof release === 'number')
}

/** The properties that go into the commit of an evolution. What is undefined stays as the table has it. */
export function appliedUpdate(
  properties: Properties,
  applied: Partial<Applied>,
  evolution: Omit<Evolution, 'n'>,
): Record<string, string> {
  const n = (readEvolutions(properties).at(-1)?.n ?? 0) + 1
  const members: readonly (readonly [name: string, value: number | string | undefined])[] = [
    [appliedProperties.builtinRelease, applied.release],
    [appliedProperties.builtinFingerprint, applied.builtinFingerprint],
    [appliedProperties.declarationFingerprint, applied.declarationFingerprint],
    [appliedProperties.schemaId, applied.schemaId],
    [appliedProperties.specId, applied.specId],
    [appliedProperties.sortOrderId, applied.sortOrderId],
    [`${evolutionPrefix}${n}`, JSON.stringify(evolution)],
  ]
  return Object.fromEntries(members.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
}

function integer(text: string | undefined): number | undefined {
  const value = Number.parseInt(text ?? '', 10)
  return Number.isNaN(value) ? undefined : value
}
