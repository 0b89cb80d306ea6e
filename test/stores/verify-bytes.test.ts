import { readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { encodeManifestList } from '../../src/iceberg/manifest/manifest-list.ts'
import { liveFiles, readManifestList } from '../../src/iceberg/snapshot.ts'
import { movedFrom } from '../../src/stores/table/moved.ts'
import { type Verification, verifyTable } from '../../src/stores/table/verify.ts'
import { type VerifiedBytes, verifyBytes } from '../../src/stores/table/verify-bytes.ts'
import { addFile } from '../support/parquet-file.ts'
import { append, catalogAt, createTable, optional, type TestTable } from '../support/table.ts'

async function threeFiles(): Promise<TestTable> {
  let target = await createTable({ columns: [optional('name', 'string')] })
  for (const name of ['a', 'b', 'c']) target = await append(target, [{ name }])
  return target
}

async function verified({ table }: TestTable): Promise<VerifiedBytes & Pick<Verification, 'damage'>> {
  const damage: { file: string; message: string }[] = []
  return { ...(await verifyBytes(table, damage)), damage }
}

async function someFile({ table }: TestTable, ending: string): Promise<string> {
  const [snapshot] = table.metadata.snapshots
  if (ending === 'list') return table.path(snapshot?.['manifest-list'] as string)
  const [manifest] = await readManifestList(table, snapshot)
  return table.path(manifest?.location as string)
}

test('every file of a sound table is held against its hash, and one of another writer is counted as without', async () => {
  const target = await threeFiles()
  expect(await verified(target)).toEqual({ hashed: 3, unhashed: 0, damage: [] })
  const more = await addFile(target, {
    elements: [{ name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }],
    columns: { name: ['d'] },
  })
  expect(await verified(more)).toEqual({ hashed: 3, unhashed: 1, damage: [] })
})

test('a byte that no reader looks at is damage all the same', async () => {
  const target = await threeFiles()
  const { data } = await liveFiles(target.table)
  const path = target.table.path(data[1]?.file.location as string)
  const bytes = await readFile(path)
  // The second half of the schema's text in the footer.
  const at = bytes.lastIndexOf('"string"') + 3
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(path, bytes)
  expect((await verified(target)).damage).toEqual([{ file: path, message: expect.stringContaining('hash') as string }])
  const { damage } = await verifyTable(target.table)
  expect(damage.map(({ file }) => file)).toContain(path)
})

test.each(['list', 'manifest'])('a byte of a %s that no reader looks at is damage all the same', async ending => {
  const target = await threeFiles()
  const path = await someFile(target, ending)
  const bytes = await readFile(path)
  const at = bytes.indexOf(ending === 'list' ? '"field-id"' : '"required":') + 3
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(path, bytes)
  expect((await verifyTable(target.table)).damage.filter(({ file }) => file === path)).not.toEqual([])
})

test('a list that names what never was is named itself', async () => {
  const target = await threeFiles()
  const path = target.table.path(target.table.metadata.snapshots.at(-1)?.['manifest-list'] as string)
  const manifests = await readManifestList(target.table)
  const other = manifests.map(manifest => ({ ...manifest, location: `${manifest.location}x` }))
  const list = encodeManifestList(other, { snapshotId: 1, parentSnapshotId: 1, sequenceNumber: 3 }, new Uint8Array(16))
  // Bytes of its header change and those of its body, as in a file that is damaged in several places.
  await writeFile(path, Buffer.from(list.map((byte, index) => (index === 40 ? byte ^ 1 : byte))))
  const { damage, files } = await verifyTable(target.table)
  expect(damage.map(({ file }) => file)).toContain(path)
  expect(files).toBe(0)
  const elsewhere = `${target.directory} moved`
  await rename(target.directory, elsewhere)
  onTestFinished(() => rm(elsewhere, { recursive: true }))
  expect((await verifyTable(await catalogAt(elsewhere).load())).moved).toBe(`file://${target.directory}`)
})

test('what an older snapshot needs has to be there', async () => {
  const target = await threeFiles()
  for (const ending of ['list', 'manifest']) {
    const path = await someFile(target, ending)
    await rename(path, `${path}.gone`)
    expect((await verified(target)).damage.map(({ file }) => file)).toContain(path)
    await rename(`${path}.gone`, path)
  }
  expect((await verified(target)).damage).toEqual([])
})

test('a manifest that is longer or shorter than its list says is named', async () => {
  const target = await threeFiles()
  const path = await someFile(target, 'manifest')
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.alloc(3)]))
  const { damage } = await verified(target)
  const messages = damage.flatMap(({ file, message }) => (file === path ? [message] : []))
  expect(messages).toContainEqual(expect.stringMatching(/^is \d+ bytes, its list says \d+$/))
  await truncate(path, 10)
  expect((await verified(target)).damage.map(({ file }) => file)).toContain(path)
})

test('a table that was moved says where it was made, and one that is reached by another path does not', async () => {
  const { table, directory } = await threeFiles()
  expect(await movedFrom(table.metadata, directory)).toBe(null)
  await symlink(directory, `${directory} link`)
  onTestFinished(() => rm(`${directory} link`))
  expect(await movedFrom(table.metadata, `${directory} link`)).toBe(null)
  expect(await movedFrom(table.metadata, `${directory} elsewhere`)).toBe(`file://${directory}`)
  expect(await movedFrom({ location: 's3://bucket/t' }, directory)).toBe('s3://bucket/t')
})
