import { mkdirSync, symlinkSync, utimesSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import { printJson } from '../../src/iceberg/json.ts'
import { collectBackups } from '../../src/stores/records/gc.ts'
import type { RawRecord } from '../../src/stores/records/kind.ts'
import { cursorId } from '../../src/stores/records/kinds/source-cursor.ts'
import type { Task } from '../../src/stores/records/kinds/task.ts'
import { migrateRecords } from '../../src/stores/records/migrate.ts'
import { restoreRecord } from '../../src/stores/records/restore.ts'
import type { StoredRecord } from '../../src/stores/records/store.ts'
import { cursorV1, taskV1, taskV2, taskV3 } from './record-fixtures.ts'
import { type Recording, recording } from './recording.ts'

const [id1, id2, id3] = [taskV1.id, taskV2.id, taskV3.id]
const day = 86_400_000
const now = Date.UTC(2026, 5, 1)

async function loaded(records: Recording, id: string): Promise<StoredRecord<Task>> {
  const found = await records.tasks.load(id)
  if (found === undefined) throw new Error(`there is no ${id}`)
  return found
}

describe('reading', () => {
  test('brings a record up to date in memory and leaves its file as it is', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    expect((await loaded(records, id1)).value.status).toBe('completed')
    expect((await records.tasks.list()).items).toHaveLength(1)
    expect(await records.text(`${id1}.json`)).toBe(printJson(taskV1))
    expect(await records.names()).toEqual([`${id1}.json`])
  })

  test('finds no record where there is none', async () => {
    const records = recording()
    expect(await records.tasks.load(id1)).toBeUndefined()
    expect(await records.tasks.list()).toEqual({ items: [], problems: [], backups: [], leftovers: [] })
  })

  test('a list has what is good and says of the rest what is wrong with it', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    await records.put(`${id3}.json`, taskV3)
    await records.put('newer.json', { ...taskV3, id: 'newer', schema_version: 4 })
    await records.put('torn.json', printJson(taskV3).slice(0, 100))
    await records.put('empty.json', '')
    await records.put('other-name.json', taskV2)
    await records.put('a b.json', taskV2)
    await records.put(`${id1}.json.v1.bak`, 'a backup')
    await records.put('x.json.unique.tmp', 'half of something')
    mkdirSync(`${records.tasks.directory}/directory.json`)
    symlinkSync(`${records.tasks.directory}/${id1}.json`, `${records.tasks.directory}/link.json`)
    const { items, problems, backups, leftovers } = await records.tasks.list()
    expect(items.map(({ id, version }) => [id, version])).toEqual([
      [id1, 1],
      [id3, 3],
    ])
    expect(problems.map(({ id, error }) => [id, error.code])).toEqual([
      [null, 'RECORD_UNREADABLE'],
      ['directory', 'RECORD_UNREADABLE'],
      ['empty', 'RECORD_UNREADABLE'],
      ['link', 'RECORD_UNREADABLE'],
      ['newer', 'RECORD_NEWER'],
      ['other-name', 'RECORD_UNREADABLE'],
      ['torn', 'RECORD_UNREADABLE'],
    ])
    expect(problems.every(({ path, error }) => error.message.includes(path))).toBe(true)
    expect(backups).toMatchObject([{ id: id1, version: 1, n: 1 }])
    expect(leftovers).toEqual([`${records.tasks.directory}/x.json.unique.tmp`])
  })

  test('a list of a directory that is none is a problem, not a failure', async () => {
    const records = recording()
    await localFileIO.makeDirectory(records.directory)
    symlinkSync('/dev/null', records.tasks.directory)
    const { items, problems } = await records.tasks.list()
    expect(items).toEqual([])
    expect(problems).toMatchObject([{ id: null, path: records.tasks.directory, error: { code: 'HOME_UNUSABLE' } }])
  })

  test.each(['', '.', '..', '../task/x', '/etc/passwd', 'a.json', 'a\0', 'x'.repeat(129)])(
    'an id %j is refused before the disk is asked',
    async id => {
      const records = recording({ ...localFileIO, look: () => Promise.reject(new Error('was asked')) })
      await expect(records.tasks.load(id)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
      await expect(records.tasks.put(id, new Uint8Array())).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
      await expect(records.tasks.remove(id)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    },
  )

  test('a symbolic link is neither read nor written through', async () => {
    const records = recording()
    const outside = await records.put('outside.txt', taskV3)
    symlinkSync(outside, `${records.tasks.directory}/${id3}.json`)
    await expect(records.tasks.load(id3)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    await expect(records.tasks.put(id3, new Uint8Array())).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect(await records.text('outside.txt')).toBe(printJson(taskV3))
  })
})

describe('storing', () => {
  test('a record of the present version needs no backup, and keeps what is not known of it', async () => {
    const records = recording()
    await records.put(`${id3}.json`, taskV3)
    const before = await loaded(records, id3)
    const after = await records.tasks.update(before, { ...before.value, lifecycleSeq: 4 })
    expect(after.value.lifecycleSeq).toBe(4)
    expect(JSON.parse(await records.text(`${id3}.json`))).toEqual({ ...taskV3, lifecycle_seq: 4 })
    expect(await records.names()).toEqual([`${id3}.json`])
  })

  test('a record of an older version is backed up first, bytes and all', async () => {
    const records = recording()
    await records.put(`${id1}.json`, `${printJson(taskV1)}  \n`)
    const before = await loaded(records, id1)
    await records.tasks.update(before, { ...before.value, status: 'failed' })
    expect(await records.names()).toEqual([`${id1}.json`, `${id1}.json.v1.bak`])
    expect(await records.text(`${id1}.json.v1.bak`)).toBe(`${printJson(taskV1)}  \n`)
    expect(await loaded(records, id1)).toMatchObject({
      version: 3,
      value: { status: 'failed' },
      raw: { mine: taskV1.mine },
    })
  })

  test('a record cannot be created where one is', async () => {
    const records = recording()
    await records.put(`${id3}.json`, taskV3)
    const { value } = await loaded(records, id3)
    await expect(records.tasks.create(id3, value)).rejects.toThrow('is there already')
  })

  test('a value that could not be read again is not stored', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    const before = await loaded(records, id1)
    const wrong = { ...before.value, createdAt: 'yesterday' }
    await expect(records.tasks.update(before, wrong)).rejects.toMatchObject({ code: 'RECORD_UNREADABLE' })
    expect(await records.names()).toEqual([`${id1}.json`])
    expect(await records.text(`${id1}.json`)).toBe(printJson(taskV1))
  })

  test('a removed record takes its backups along, and no other’s', async () => {
    const records = recording()
    for (const name of [`${id3}.json`, `${id3}.json.v1.bak`, `${id3}.json.v2.3.bak`, `${id1}.json.v1.bak`])
      await records.put(name, taskV3)
    await records.tasks.remove(id3)
    expect(await records.names()).toEqual([`${id1}.json.v1.bak`])
  })
})

describe('migrating', () => {
  test('stores every record in the present version after a backup, and says what it could not', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    await records.put(`${id2}.json`, taskV2)
    await records.put(`${id3}.json`, taskV3)
    await records.put('newer.json', { ...taskV3, id: 'newer', schema_version: 9 })
    const { migrated, problems } = await migrateRecords(records)
    const path = (id: string): string => `${records.tasks.directory}/${id}.json`
    expect(migrated).toEqual([
      { kind: 'task', id: id1, from: 1, to: 3, backup: `${path(id1)}.v1.bak` },
      { kind: 'task', id: id2, from: 2, to: 3, backup: `${path(id2)}.v2.bak` },
    ])
    expect(problems).toMatchObject([{ id: 'newer', error: { code: 'RECORD_NEWER' } }])
    expect(await records.text(`${id1}.json.v1.bak`)).toBe(printJson(taskV1))
    expect(await records.text('newer.json')).toBe(printJson({ ...taskV3, id: 'newer', schema_version: 9 }))
    const stored = await loaded(records, id2)
    expect(stored.version).toBe(3)
    expect(stored.raw['timeline']).toEqual(taskV2.timeline)
    expect(await migrateRecords(records)).toMatchObject({ migrated: [] })
  })

  test('two versions later there are two backups', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    await records.tasks.migrate(await loaded(records, id1))
    // What the version between wrote.
    await records.put(`${id1}.json`, { ...taskV2, id: id1 })
    await records.tasks.migrate(await loaded(records, id1))
    expect(await records.names()).toEqual([`${id1}.json`, `${id1}.json.v1.bak`, `${id1}.json.v2.bak`])
  })

  test('a backup with the same bytes is used again; one with others gets company', async () => {
    const records = recording()
    for (const log of ['one', 'one', 'two', 'three', 'two']) {
      await records.put(`${id1}.json`, { ...taskV1, log })
      await records.tasks.migrate(await loaded(records, id1))
    }
    expect(await records.names()).toEqual([
      `${id1}.json`,
      `${id1}.json.v1.2.bak`,
      `${id1}.json.v1.3.bak`,
      `${id1}.json.v1.bak`,
    ])
    expect(await records.text(`${id1}.json.v1.2.bak`)).toContain('"two"')
  })

  test('a link in the place of the backup is not followed', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    symlinkSync(`${records.tasks.directory}/${id1}.json`, `${records.tasks.directory}/${id1}.json.v1.bak`)
    const done = await records.tasks.migrate(await loaded(records, id1))
    expect(done?.backup.endsWith('.v1.2.bak')).toBe(true)
  })

  test('every kind is migrated', async () => {
    const records = recording()
    const id = cursorId('claude', cursorV1.root)
    await localFileIO.makeDirectory(records.tasks.directory)
    await localFileIO.makeDirectory(`${records.directory}/source_cursor`)
    await records.put(`../source_cursor/${id}.json`, cursorV1)
    await records.put(`${id1}.json`, taskV1)
    const { migrated, problems } = await migrateRecords(records)
    expect(problems).toEqual([])
    expect(migrated).toMatchObject([
      { kind: 'source_cursor', id, from: 1, to: 2 },
      { kind: 'task', id: id1, from: 1, to: 3 },
    ])
  })
})

describe('backups that are old', () => {
  async function withBackups(record: RawRecord | string, ages: readonly number[]): Promise<Recording> {
    const records = recording()
    await records.put(`${id3}.json`, record)
    for (const [index, age] of ages.entries()) {
      const path = await records.put(`${id3}.json.v1${index === 0 ? '' : `.${index + 1}`}.bak`, taskV1)
      utimesSync(path, (now - age * day) / 1000, (now - age * day) / 1000)
    }
    return records
  }
  const collect = (records: Recording, dryRun = false): ReturnType<typeof collectBackups> =>
    collectBackups(records.tasks, { io: records.io, now, dryRun })

  test('are removed beyond the newest three and thirty days, whichever keeps more', async () => {
    const records = await withBackups(taskV3, [400, 29, 31, 1, 90, 300])
    const { backups, kept } = await collect(records)
    expect(backups.map(({ n }) => n)).toEqual([5, 6, 1])
    expect(kept).toBe(3)
    expect((await records.tasks.list()).backups.map(({ n }) => n)).toEqual([2, 3, 4])
    const young = await withBackups(taskV3, [1, 2, 3, 4, 5])
    expect((await collect(young)).backups).toEqual([])
    const old = await withBackups(taskV3, [100, 200, 300])
    expect((await collect(old)).backups).toEqual([])
  })

  test.each([
    ['torn', '{"schema_version": 3'],
    ['newer', printJson({ ...taskV3, schema_version: 4 })],
  ])('all stay while the record is %s', async (_what, text) => {
    const records = await withBackups(text, [100, 200, 300, 400, 500])
    expect(await collect(records)).toMatchObject({ backups: [], kept: 5 })
  })

  test('all stay while the record is gone', async () => {
    const records = await withBackups(taskV3, [100, 200, 300, 400, 500])
    await records.io.remove(`${records.tasks.directory}/${id3}.json`)
    expect(await collect(records)).toMatchObject({ backups: [], kept: 5 })
  })

  test('a dry run says the same and removes nothing', async () => {
    const records = await withBackups(taskV3, [100, 200, 300, 400, 500])
    await records.put(`${id3}.json.unique.tmp`, 'half of something')
    const before = await records.names()
    const said = await collect(records, true)
    expect(await records.names()).toEqual(before)
    expect(await collect(records)).toEqual(said)
    expect(said).toMatchObject({ backups: [{ n: 4 }, { n: 5 }], kept: 3, leftovers: [{}] })
    expect(await records.names()).toEqual(before.filter(name => !/\.[45]\.bak$|tmp$/.test(name)))
  })
})

describe('restoring', () => {
  const restore = (records: Recording, id: string, from?: string): ReturnType<typeof restoreRecord> =>
    restoreRecord(records.tasks, id, { ...records, from })

  test('puts the backup back byte for byte, after a backup of what is there', async () => {
    const records = recording()
    await records.put(`${id1}.json`, taskV1)
    await records.tasks.migrate(await loaded(records, id1))
    const migrated = await records.text(`${id1}.json`)
    const path = `${records.tasks.directory}/${id1}.json`
    expect(await restore(records, id1)).toEqual({ path, from: `${path}.v1.bak`, version: 1, backup: `${path}.v3.bak` })
    expect(await records.text(`${id1}.json`)).toBe(printJson(taskV1))
    expect(await records.text(`${id1}.json.v3.bak`)).toBe(migrated)
    await restore(records, id1, `${path}.v3.bak`)
    expect(await records.text(`${id1}.json`)).toBe(migrated)
  })

  test('a record that is torn or gone comes back', async () => {
    const records = recording()
    await records.put(`${id2}.json.v2.bak`, taskV2)
    expect(await restore(records, id2)).toMatchObject({ backup: null, version: 2 })
    await records.put(`${id2}.json`, 'torn')
    expect((await restore(records, id2)).backup).toMatch(/\.v0\.bak$/)
    expect((await loaded(records, id2)).version).toBe(2)
    expect(await records.text(`${id2}.json.v0.bak`)).toBe('torn')
  })

  test('the newest backup that can be read is taken', async () => {
    const records = recording()
    const ages = { 'v1.bak': 3, 'v2.bak': 2, 'v0.bak': 1 }
    for (const [name, age] of Object.entries(ages)) {
      const path = await records.put(`${id2}.json.${name}`, name === 'v0.bak' ? 'torn' : { ...taskV2 })
      utimesSync(path, now / 1000 - age, now / 1000 - age)
    }
    expect((await restore(records, id2)).from).toMatch(/v2\.bak$/)
  })

  test.each([
    ['is of a later version', { ...taskV3, schema_version: 4 }, 'RECORD_NEWER'],
    ['is of another record', taskV1, 'RECORD_UNREADABLE'],
    ['is torn', '{', 'RECORD_UNREADABLE'],
  ])('a file that %s changes nothing', async (_what, content, code) => {
    const records = recording()
    await records.put(`${id3}.json`, taskV3)
    const from = await records.put('from', content)
    await expect(restore(records, id3, from)).rejects.toMatchObject({ code })
    expect(await records.names()).toEqual([`${id3}.json`, 'from'])
    expect(await records.text(`${id3}.json`)).toBe(printJson(taskV3))
  })

  test('without a backup, or from a file that is not there, nothing is restored', async () => {
    const records = recording()
    await expect(restore(records, id3)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(restore(records, id3, '/nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
