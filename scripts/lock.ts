import { readFileSync, writeFileSync } from 'node:fs'
import { completeLock, type Lock } from './lock/complete.ts'

const path = 'package-lock.json'
const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock
const { completed, added } = completeLock(lock)
writeFileSync(path, `${JSON.stringify(completed, null, 2)}\n`)
for (const name of added) console.log(`added ${name}`)
console.log(`lock: ${added.length} binaries of other platforms added`)
