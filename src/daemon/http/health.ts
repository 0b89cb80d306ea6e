import type { Check } from '../status.ts'
import { send, sendJson, sendText } from './reply.ts'
import type { Exchange } from './route.ts'

/** Looks at nothing that could be broken. */
export function healthz({ response }: Exchange): void {
  sendText(response, 200, 'ok\n')
}

export async function readyz({ daemon, query, response }: Exchange): Promise<void> {
  const { ready, checks } = await daemon.status()
  const failing = checks.filter(check => !check.ok)
  const shown = query.has('verbose') ? checks : failing
  const verdict = ready ? 'ready' : `not ready: ${failing.length} of ${checks.length} checks failed`
  sendText(response, ready ? 200 : 503, [...shown.map(line), verdict].map(text => `${text}\n`).join(''))
}

function line({ ok, name, message, hint }: Check): string {
  return `${ok ? 'ok  ' : 'FAIL'} ${name}: ${message}${hint === null ? '' : ` (${hint})`}`
}

export async function readMetrics({ metrics, response }: Exchange): Promise<void> {
  const { contentType, text } = await metrics.read()
  send(response, 200, contentType, text)
}

export async function status({ daemon, response }: Exchange): Promise<void> {
  sendJson(response, 200, await daemon.status())
}
