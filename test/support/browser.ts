import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { onTestFinished, test } from 'vitest'
import { browserIsPresent, browserPath } from '../../scripts/test-browser.ts'

/** `test` for a test that needs a browser. A machine without one skips it; CI may not. */
export function testWithBrowser(name: string, body: () => Promise<void>): void {
  if (!browserIsPresent && process.env['CI'] === 'true') {
    test(name, () => {
      throw new Error(`CI needs a Chromium, and ${browserPath} is not there: set CHROMIUM`)
    })
  } else test.skipIf(!browserIsPresent)(name, body, 120_000)
}

/** A browser with nothing in it, for which names of `.test` lead to this machine; it ends with the test. */
export async function openBrowser(): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'hyp-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath,
    headless: true,
    env: { ...process.env, HOME: profile },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP *.test 127.0.0.1',
      // Of what keeps pages from this machine only what every browser has.
      '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,BlockInsecurePrivateNetworkRequests',
    ],
  })
  onTestFinished(async () => {
    await browser.close()
    rmSync(profile, { recursive: true, force: true })
  })
  return browser
}
