import { type MalformedLine, type MalformedReason, malformedReasons, mostMalformed, type SkipReason } from './source.ts'

const reasons: ReadonlySet<string> = new Set(malformedReasons)

/** Whether a line that was skipped for this reason is damaged. */
export function isDamage(reason: SkipReason): boolean {
  return reasons.has(reason)
}

/** Notes where a line stands, if why it was skipped tells of damage and not too many of its file are noted. */
export function noteMalformed(noted: MalformedLine[], path: string, line: number, reason: SkipReason): void {
  if (isDamage(reason) && noted.length < mostMalformed) noted.push({ path, line, reason: reason as MalformedReason })
}
