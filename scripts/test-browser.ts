import { existsSync } from 'node:fs'

/** The Chromium in which pages are tested; it is no part of the project. */
export const browserPath: string = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export const browserIsPresent: boolean = existsSync(browserPath)
