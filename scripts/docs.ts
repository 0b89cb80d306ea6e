import { writeFileSync } from 'node:fs'
import { pages } from './docs/pages.ts'

for (const [path, render] of Object.entries(pages)) {
  writeFileSync(path, render())
  console.log(`wrote ${path}`)
}
