import { HypError } from '../../errors.ts'

/**
 * A body that is not in its format. Nothing of its content is told, only where.
 * @param offset which byte of the body, from 0
 */
export function bodyInvalid(what: string, offset?: number, hint?: string): HypError {
  return new HypError('BODY_INVALID', `${what}${offset === undefined ? '' : `, at byte ${offset}`}.`, {
    ...(hint === undefined ? {} : { hint }),
    ...(offset === undefined ? {} : { details: { offset } }),
  })
}
