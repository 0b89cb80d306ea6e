import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cycles } from './layers/cycles.ts'
import { breaches } from './layers/rules.ts'
import { parseSource } from './layers/source.ts'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .sort()
  .map(name => parseSource(`src/${name}`, readFileSync(join('src', name), 'utf8')))

const findings = [...breaches(sources), ...cycles(sources).map(cycle => `${cycle} [cycle]`)]
for (const finding of findings) console.error(finding)
console.log(`layers: ${sources.length} files, ${findings.length} findings`)
process.exitCode = findings.length > 0 ? 1 : 0
