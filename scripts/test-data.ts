import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** Folder of the foreign tables, metadata and transcripts that tests read; they are no part of the project. */
export const dataDir: string = resolve(process.env['HYP_TEST_DATA'] ?? '../shared/data')

export const dataIsPresent: boolean = existsSync(dataDir)
