import type { Declaration } from './declaration.ts'
import { fingerprint } from './fingerprint.ts'
import type { SealedRelease } from './seal/data.ts'
import { releaseStep } from './seal/step.ts'

export interface SealFinding {
  readonly kind: /** The code has another declaration for a release than the one that went out. */
    | 'edited'
    /** A release that went out is gone from the code, or from a later seal. */
    | 'removed'
    /** A release of the code is not in the seal yet. */
    | 'unsealed'
    /** The seal's releases do not rise. */
    | 'disordered'
    /** A release adds columns and breaks something at once. */
    | 'mixed'
  readonly release: number
  readonly message: string
  readonly fix: string
}

/**
 * Holds the built-in declarations against the seal. Tables out there were made
 * by the sealed releases; a release that changed afterwards would take a sound
 * table for a drifted one. All findings at once; none means that they agree.
 */
export function checkSeal(seal: readonly SealedRelease[], builtin: readonly Declaration[]): readonly SealFinding[] {
  const findings: SealFinding[] = []
  const inCode = new Map(builtin.map(declaration => [declaration.release, declaration]))
  const inSeal = new Set(seal.map(entry => entry.release))
  seal.forEach((entry, index) => {
    const before = seal[index - 1]
    if (before !== undefined && before.release >= entry.release) findings.push(disordered(entry, before))
    const declaration = inCode.get(entry.release)
    if (declaration === undefined) findings.push(removed(entry))
    else if (fingerprint(declaration) !== entry.fingerprint) findings.push(edited(entry))
  })
  builtin.forEach((declaration, index) => {
    if (!inSeal.has(declaration.release)) findings.push(unsealed(declaration))
    const before = builtin[index - 1]
    if (before === undefined) return
    const { additive, breaking } = releaseStep(before, declaration)
    if (additive.length > 0 && breaking.length > 0) findings.push(mixed(declaration, additive, breaking))
  })
  return findings
}

/** Holds a seal against the one of an earlier state of the code: entries are added at the end, and that is all. */
export function checkSealExtends(
  earlier: readonly SealedRelease[],
  later: readonly SealedRelease[],
): readonly SealFinding[] {
  return earlier.flatMap((entry, index) => {
    const kept = later[index]
    if (kept?.release !== entry.release) return [removed(entry)]
    return kept.fingerprint === entry.fingerprint ? [] : [edited(entry)]
  })
}

function edited({ release }: SealedRelease): SealFinding {
  return {
    kind: 'edited',
    release,
    message: `Release ${release} is not what it was when it went out.`,
    fix: `Put the change into a new release, and write down in builtin/earlier-forms.ts how the column stood until ${release}.`,
  }
}

function removed({ release }: SealedRelease): SealFinding {
  return {
    kind: 'removed',
    release,
    message: `Release ${release} went out and is missing now.`,
    fix: 'Bring it back: tables of that release exist.',
  }
}

function unsealed(declaration: Declaration): SealFinding {
  const { release } = declaration
  return {
    kind: 'unsealed',
    release,
    message: `Release ${release} is not sealed.`,
    fix: `Add { release: ${release}, fingerprint: '${fingerprint(declaration)}' } at the end of seal/data.ts.`,
  }
}

function disordered(entry: SealedRelease, before: SealedRelease): SealFinding {
  return {
    kind: 'disordered',
    release: entry.release,
    message: `Release ${entry.release} stands after release ${before.release} in the seal.`,
    fix: 'Each release stands once, oldest first.',
  }
}

function mixed({ release }: Declaration, additive: readonly string[], breaking: readonly string[]): SealFinding {
  return {
    kind: 'mixed',
    release,
    message: `Release ${release} ${additive.join(', ')}, and it ${breaking.join(', ')}.`,
    fix: 'Make two releases of it: what a table takes in place must not wait for what it cannot take.',
  }
}
