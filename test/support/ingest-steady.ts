import { createHash, webcrypto } from 'node:crypto'

/**
 * Does work in which the same happens each time: how long something takes, and which of two threads is first, decides
 * nothing. Time stands still in it, and digests come at once.
 */
export async function steadily<Result>(work: () => Promise<Result>): Promise<Result> {
  const { now } = Date
  const { subtle } = webcrypto
  const digest = async (_algorithm: string, bytes: Uint8Array): Promise<ArrayBuffer> =>
    new Uint8Array(createHash('sha256').update(bytes).digest()).buffer
  Date.now = () => 0
  Object.defineProperty(subtle, 'digest', { value: digest, configurable: true })
  try {
    return await work()
  } finally {
    Date.now = now
    Reflect.deleteProperty(subtle, 'digest')
  }
}
