/** A release of the built-in declaration that is out, and what it was. */
export interface SealedRelease {
  readonly release: number
  readonly fingerprint: string
}

/** What each release was when it went out. This list only ever grows, at its end; `checkSeal` says what to add. */
export const sealedReleases: readonly SealedRelease[] = [
  { release: 4, fingerprint: '75536ac7b356aef93f32e6417cc2adb1a1a702f3c5f15ba1868470eaa4f497a9' },
  { release: 5, fingerprint: 'cc2a03598e190ba9e1601f7f31e54a6e1187e3bc524037bf33e09d7c01cf6458' },
  { release: 6, fingerprint: '6ba374d440d5db3a9f132a8d79e31206794f62c6121a25769b03a6775e1a91c3' },
  { release: 7, fingerprint: '634b9ad8d56fd1952f2cd11d04979cdbd85866af4de40efd6a914cc97db0e488' },
  { release: 8, fingerprint: 'd9ce1c08556bded185645d6d38d55e92c5999aa63bb2700b43d70d23a40c0df1' },
  { release: 9, fingerprint: 'f2cdb342472b5969d5931ea68bc1fd8eb69b6b412973c6164b85f1efe90c15d4' },
]

/** The fingerprint a release went out with; undefined while it is not sealed. */
export function sealedFingerprint(release: number): string | undefined {
  return sealedReleases.find(entry => entry.release === release)?.fingerprint
}
