import { type Rollout, skipped, writeEvent } from './rollout.ts'
import { addUsage, type CodexUsage } from './truth.ts'

/** What one request cost, and the totals after it; often told again without a change. */
export function writeTokenCount(rollout: Rollout): void {
  const { random, thread } = rollout
  const output = random.size(220, 1)
  const reasoned = Math.floor(output * random.next() * 0.6)
  rollout.context += output + random.size(700, 1)
  const last: CodexUsage = {
    input_tokens: rollout.context,
    cached_input_tokens: Math.floor(rollout.context * 0.9),
    output_tokens: output,
    reasoning_output_tokens: reasoned,
    total_tokens: rollout.context + output,
  }
  // Old versions began to count anew now and then.
  if (thread.era.version === '0.40.0' && random.chance(0.01)) rollout.totals = { ...last }
  else addUsage(rollout.totals, last)
  writeEvent(rollout, tokenCount(rollout.totals, last), { kind: 'usage', usage: last })
  for (let again = random.between(0, 3); again > 0; again--)
    writeEvent(rollout, tokenCount(rollout.totals, last, 3), skipped('unchanged-usage'))
}

/** The payload of a token count. @param used percent of the limits */
export function tokenCount(
  total: CodexUsage,
  last: CodexUsage | undefined,
  used = 2,
): Readonly<Record<string, unknown>> {
  return {
    type: 'token_count',
    info: {
      total_token_usage: { ...total },
      ...(last === undefined ? {} : { last_token_usage: last }),
      model_context_window: 258_400,
    },
    rate_limits: limits(used),
  }
}

/** A token count that knows nothing yet. */
export function emptyTokenCount(): Readonly<Record<string, unknown>> {
  return { type: 'token_count', info: null, rate_limits: limits(0) }
}

function limits(used: number): object {
  return {
    limit_id: 'codex',
    primary: { used_percent: used, window_minutes: 300, resets_at: 1_771_864_831 },
    secondary: { used_percent: used, window_minutes: 10_080, resets_at: 1_772_355_703 },
  }
}
