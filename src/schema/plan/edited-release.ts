import type { Applied } from '../applied.ts'
import { builtinDeclaration, builtinReleases, builtinTable } from '../builtin.ts'
import type { Declaration } from '../declaration.ts'
import { builtinFingerprint } from '../fingerprint.ts'
import { sealedFingerprint } from '../seal/data.ts'

/** A release that is one thing in the table and another in this program. */
export interface EditedRelease {
  readonly release: number
  /** Fingerprint of the built-in part as it was applied. */
  readonly applied: string
  /** The same, as this program declares it. */
  readonly declared: string
  /** The same, as it went out; null for a release that never did. */
  readonly sealed: string | null
}

/** Whether the release that was applied to a table was edited before or after; null where the two are the same. */
export function editedRelease(declaration: Declaration, applied: Applied): EditedRelease | null {
  const { release, builtinFingerprint: before } = applied
  if (declaration.table !== builtinTable || release === undefined || before === undefined) return null
  const same = declaration.release === release ? declaration : undefined
  const known = same ?? (builtinReleases.includes(release) ? builtinDeclaration(release) : undefined)
  const declared = known && builtinFingerprint(known)
  if (declared === undefined || declared === before) return null
  return { release, applied: before, declared, sealed: sealedFingerprint(release) ?? null }
}
