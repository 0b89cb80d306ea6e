/**
 * Cases of the catalogue that are nobody's here, and why. Everything else is
 * tested under its number.
 */
export const notOurs: Readonly<Record<number, string>> = {
  147: 'Answers of a REST catalog, and there is none yet.',
  150: 'Idempotency keys of a REST catalog, and there is none yet.',
  153: 'Entity tags of a REST catalog, and there is none yet.',
  178: 'An append never merges manifests: it adds one and carries the others over.',
  179: 'Snapshots are never expired here, so there is no policy of which; what others expired is read (133, 180).',
}
