/** A count for each id of one file, in a few bytes an id: a file can have millions of lines. */
export interface Occurrences {
  /** 0 for an id that was never added to. */
  readonly count: (id: string) => number
  /** Adds 1 unless told otherwise. */
  readonly add: (id: string, by?: number) => void
}

/** For ids that end in hexadecimal digits of a digest, of which 52 bits are enough to tell them apart. */
export function newOccurrences(): Occurrences {
  /** One more than the number of the id, so that 0 is a free place. */
  let keys = new Float64Array(16)
  let counts = new Uint32Array(16)
  let used = 0

  return {
    count: id => counts[placeOf(keyOf(id))] ?? 0,
    add: (id, by = 1) => {
      const key = keyOf(id)
      const place = placeOf(key)
      if (keys[place] === 0) used++
      keys[place] = key
      counts[place] = (counts[place] ?? 0) + by
      if (used * 4 > keys.length * 3) grow()
    },
  }

  function placeOf(key: number): number {
    let place = key % keys.length
    while (keys[place] !== 0 && keys[place] !== key) place = (place + 1) % keys.length
    return place
  }

  function grow(): void {
    const [oldKeys, oldCounts] = [keys, counts]
    keys = new Float64Array(oldKeys.length * 2)
    counts = new Uint32Array(keys.length)
    for (const [index, key] of oldKeys.entries()) {
      if (key === 0) continue
      const place = placeOf(key)
      keys[place] = key
      counts[place] = oldCounts[index] ?? 0
    }
  }
}

function keyOf(id: string): number {
  return Number.parseInt(id.slice(-13), 16) + 1
}
