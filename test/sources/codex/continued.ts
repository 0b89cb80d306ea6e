import { assistant, call, type Line, output, tokenCount, tokens, turn, user } from './rollouts.ts'

/** Two turns of a thread that another one goes on from. @param more lines at the end of the second one */
export function twoTurns(...more: readonly Line[]): Line[] {
  return [
    ...turn('p1'),
    user('continue'),
    assistant('parent one'),
    tokenCount(tokens(100), tokens(100)),
    ...turn('p2'),
    user('continue'),
    call('1'),
    output('1'),
    ...more,
    tokenCount(tokens(150), tokens(50)),
  ]
}

/** What the thread that goes on from them holds of its own, the report of their tokens once more. */
export const ownTurns: readonly Line[] = [
  ...turn('c1'),
  user('continue'),
  assistant('child'),
  tokenCount(tokens(150), tokens(50)),
  tokenCount(tokens(160), tokens(10)),
]

export const ownTexts = ['continue', 'child'] as const
