import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { expect, test } from 'vitest'

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter(name => name !== '' && existsSync(name))

function filesWith(text: string | RegExp): string[] {
  return files.filter(name => {
    const content = readFileSync(name, 'latin1')
    return typeof text === 'string' ? content.includes(text) : text.test(content)
  })
}

test('the tree is looked at', () => {
  expect(files).toContain('package.json')
})

test('no file names the host of a package registry', () => {
  expect(filesWith(/registry\.(npmjs|yarnpkg|npmmirror)\.|files\.pythonhosted\.|\bpypi\.org/)).toEqual([])
})

test('no file names a folder of the machine it was written on', () => {
  // A short path such as /src says nothing about a machine.
  const folders = [process.cwd(), homedir()].filter(path => path === '/root' || path.split('/').length > 2)
  for (const folder of folders) expect(filesWith(`${folder}/`)).toEqual([])
})
