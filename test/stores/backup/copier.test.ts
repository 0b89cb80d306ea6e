import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { FileIO, OutputFile } from '../../../src/iceberg/file-io/file-io.ts'
import { localFileIO } from '../../../src/iceberg/file-io/local.ts'
import { newCopier } from '../../../src/stores/backup/copier.ts'
import { temporaryFolder } from '../../support/table.ts'

test('a file that cannot be written whole is closed and removed', async () => {
  const open = new Set<string>()
  const io: FileIO = {
    ...localFileIO,
    create: async path => {
      const file = await localFileIO.create(path)
      open.add(path)
      const closing = (close: () => Promise<void>) => async (): Promise<void> => {
        open.delete(path)
        await close()
      }
      return {
        ...file,
        write: () => Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' })),
        finish: closing(() => file.finish()),
        abandon: closing(() => file.abandon()),
      } satisfies OutputFile
    },
  }
  const folder = await temporaryFolder()
  await expect(newCopier(io).write(join(folder, 'note'), Buffer.from('x'))).rejects.toThrow('no space left')
  expect([...open]).toEqual([])
  expect(readdirSync(folder)).toEqual([])
})
