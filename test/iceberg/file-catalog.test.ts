import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Catalog, Table } from '../../src/iceberg/catalog/catalog.ts'
import { tableLocation } from '../../src/iceberg/catalog/file-catalog.ts'
import { pendingName } from '../../src/iceberg/catalog/versions.ts'
import type { Commit, Update } from '../../src/iceberg/commit.ts'
import { localFileIO } from '../../src/iceberg/file-io/local.ts'
import type { TableMetadata } from '../../src/iceberg/types.ts'
import {
  catalogAt,
  contentsOf,
  creation,
  failure,
  ioWith,
  optional,
  required,
  temporaryFolder,
} from '../support/table.ts'

const shape = { columns: [required('id', 'long'), optional('text', 'string')] }

let directory = ''
let catalog: Catalog
let first: Table

beforeEach(async () => {
  directory = await temporaryFolder()
  catalog = catalogAt(directory)
  first = await catalog.create(creation(shape, tableLocation(directory)))
})

function metadataPath(name: string): string {
  return join(directory, 'metadata', name)
}

async function metadataNames(): Promise<string[]> {
  return (await readdir(join(directory, 'metadata'))).sort()
}

function setting(name: string, value: string): Commit {
  return { requirements: [], updates: [{ action: 'set-properties', updates: { [name]: value } }] }
}

function properties(metadata: TableMetadata): Readonly<Record<string, string>> {
  return metadata.properties
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as if by the system`), { code })
}

describe('create', () => {
  test('writes version 1 and its hint, no manifest, and nothing that others may read', async () => {
    expect(await metadataNames()).toEqual(['v1.metadata.json', 'version-hint.text'])
    expect(await readFile(metadataPath('version-hint.text'), 'utf8')).toBe('1')
    expect(await readdir(join(directory, 'data'))).toEqual([])
    expect((await stat(metadataPath('v1.metadata.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(directory, 'metadata'))).mode & 0o777).toBe(0o700)
    expect(first).toMatchObject({ version: 1, metadataLocation: `file://${directory}/metadata/v1.metadata.json` })
  })

  test('is read back as it was returned', async () => {
    const loaded = await catalog.load()
    expect(loaded.metadata).toEqual(first.metadata)
    expect(loaded.metadataLocation).toBe(first.metadataLocation)
  })

  test('finds a table that is there already and leaves it alone', async () => {
    const before = await contentsOf(directory)
    await expect(catalog.create(creation(shape, tableLocation(directory)))).rejects.toEqual(
      failure('TABLE_EXISTS', `there is a table at ${directory} already`),
    )
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('by eight at once makes one table', async () => {
    const place = join(directory, 'crowded')
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => catalogAt(place).create(creation(shape, tableLocation(place)))),
    )
    const made = attempts.filter(attempt => attempt.status === 'fulfilled')
    const refused = attempts.filter(attempt => attempt.status === 'rejected')
    expect(made).toHaveLength(1)
    for (const attempt of refused) expect(attempt.reason).toEqual(failure('TABLE_EXISTS', place))
    expect((await catalogAt(place).load()).metadata['table-uuid']).toBe(made[0]?.value.metadata['table-uuid'])
    expect((await readdir(join(place, 'metadata'))).sort()).toEqual(['v1.metadata.json', 'version-hint.text'])
  })

  test('goes on where a crash left directories and a temporary file', async () => {
    const place = join(directory, 'crashed')
    await mkdir(join(place, 'metadata'), { recursive: true })
    await writeFile(join(place, 'metadata', 'abandoned.tmp'), '{"format-version":2')
    expect((await catalogAt(place).create(creation(shape, tableLocation(place)))).version).toBe(1)
  })
})

describe('load finds the newest version whatever the hint says:', () => {
  beforeEach(async () => {
    await catalog.commit(first, setting('round', 'second'))
  })

  test.each(['1', '7', '0', '-3', ' 2\n', '', 'garbage', '9'.repeat(400)])('%o', async hint => {
    await writeFile(metadataPath('version-hint.text'), hint)
    expect((await catalog.load()).version).toBe(2)
  })

  test('no hint', async () => {
    await rm(metadataPath('version-hint.text'))
    expect((await catalog.load()).version).toBe(2)
  })

  test('a directory in its place, which does not stop the next commit either', async () => {
    await rm(metadataPath('version-hint.text'))
    await mkdir(metadataPath('version-hint.text'))
    const loaded = await catalog.load()
    expect((await catalog.commit(loaded, setting('round', 'third'))).version).toBe(3)
    expect((await metadataNames()).filter(name => name.endsWith('.tmp'))).toEqual([])
  })
})

describe('load', () => {
  test('finds a gap in the versions no reason to stop before it', async () => {
    await catalog.commit(await catalog.commit(first, setting('a', '1')), setting('a', '2'))
    await rm(metadataPath('v2.metadata.json'))
    expect((await catalog.load()).version).toBe(3)
  })

  test.each(['v1.gz.metadata.json', 'v1.metadata.json.gz'])(
    'reads a table that has only %s, and the next commit is plain',
    async name => {
      const plain = await readFile(metadataPath('v1.metadata.json'))
      await rm(metadataPath('v1.metadata.json'))
      await writeFile(metadataPath(name), gzipSync(plain))
      const loaded = await catalog.load()
      expect(loaded.metadata).toEqual(first.metadata)
      const next = await catalog.commit(loaded, setting('a', '1'))
      expect(next.metadata['metadata-log'].at(-1)?.['metadata-file']).toBe(
        `${tableLocation(directory)}/metadata/${name}`,
      )
      expect(await metadataNames()).toEqual([name, 'v2.metadata.json', 'version-hint.text'].sort())
    },
  )

  test('prefers the plain one of two names for one version, and the vN style', async () => {
    const other = JSON.stringify({
      ...JSON.parse(await readFile(metadataPath('v1.metadata.json'), 'utf8')),
      properties: { from: 'other' },
    })
    await writeFile(metadataPath('v1.gz.metadata.json'), gzipSync(other))
    await writeFile(metadataPath('00001-0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json'), other)
    expect(properties((await catalog.load()).metadata)).toEqual({})
  })

  test('reads and continues a table with the names of a catalog', async () => {
    await rename(
      metadataPath('v1.metadata.json'),
      metadataPath('00004-0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json'),
    )
    const loaded = await catalog.load()
    expect(loaded.version).toBe(4)
    expect((await catalog.commit(loaded, setting('a', '1'))).metadataLocation).toMatch(/\/v5\.metadata\.json$/)
  })

  describe('that a catalog names, and goes on writing to', () => {
    const named = (version: number, letter: string): string =>
      `0000${version}-${letter.repeat(8)}-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json`

    /** The catalog's next version after one of its own. */
    async function catalogCommits(from: string, to: string): Promise<void> {
      const before = JSON.parse(await readFile(metadataPath(from), 'utf8')) as TableMetadata
      const log = [
        ...before['metadata-log'],
        { 'timestamp-ms': before['last-updated-ms'], 'metadata-file': `${tableLocation(directory)}/metadata/${from}` },
      ]
      await writeFile(
        metadataPath(to),
        JSON.stringify({ ...before, properties: { by: 'catalog' }, 'metadata-log': log }),
      )
    }

    test('is told, be it beside our version or past it', async () => {
      await rename(metadataPath('v1.metadata.json'), metadataPath(named(4, 'a')))
      await catalog.commit(await catalog.load(), setting('a', '1'))
      expect((await catalog.load()).version).toBe(5)
      await catalogCommits(named(4, 'a'), named(5, 'b'))
      await expect(catalog.load()).rejects.toEqual(failure('TABLE_FORKED', 'v5.metadata.json'))
      await catalogCommits(named(5, 'b'), named(6, 'c'))
      await expect(catalog.load()).rejects.toEqual(failure('TABLE_FORKED', 'v5.metadata.json'))
    })

    test('keeps the files that the catalog may still give out', async () => {
      await rename(metadataPath('v1.metadata.json'), metadataPath(named(4, 'a')))
      let table = await catalog.load()
      const trimming = {
        'write.metadata.previous-versions-max': '1',
        'write.metadata.delete-after-commit.enabled': 'true',
      }
      for (const [name, value] of [...Object.entries(trimming), ['a', '1'], ['a', '2'], ['a', '3']] as const)
        table = await catalog.commit(table, setting(name, value))
      const names = (await metadataNames()).filter(name => name.endsWith('.json'))
      expect(names).toContain(named(4, 'a'))
      expect(names).not.toContain('v5.metadata.json')
      expect((await catalog.load()).version).toBe(table.version)
    })
  })

  test('takes no temporary file of another writer for a version', async () => {
    await writeFile(metadataPath('12345678-1234-4234-8234-123456789012.metadata.json'), '{}')
    await writeFile(metadataPath('0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json'), '{}')
    expect((await catalog.load()).version).toBe(1)
  })

  test('says that there is no table where there is no metadata, an empty directory or only a hint', async () => {
    const place = join(directory, 'other')
    const none = failure('TABLE_NOT_FOUND', `there is no table at ${place}`)
    await expect(catalogAt(place).load()).rejects.toEqual(none)
    await mkdir(join(place, 'metadata'), { recursive: true })
    await expect(catalogAt(place).load()).rejects.toEqual(none)
    await writeFile(join(place, 'metadata', 'version-hint.text'), '3')
    await expect(catalogAt(place).load()).rejects.toEqual(none)
  })

  test('names a damaged newest version and does not fall back to an older one', async () => {
    await writeFile(metadataPath('v2.metadata.json'), '{"format-version":2,')
    await expect(catalog.load()).rejects.toEqual(failure('METADATA_INVALID', 'v2.metadata.json is not complete JSON'))
  })

  test('does not take an error of the disk for an absent table', async () => {
    const broken = catalogAt(directory, ioWith({ list: () => Promise.reject(systemError('EIO')) }))
    await expect(broken.load()).rejects.toThrow('EIO')
  })

  test('looks again when the version it was about to read is trimmed in that moment', async () => {
    let lists = 0
    const io = ioWith({
      list: async path => {
        const names = await localFileIO.list(path)
        if (lists++ === 0) {
          const second = await catalog.commit(first, setting('a', '1'))
          expect(second.version).toBe(2)
          await rm(metadataPath('v1.metadata.json'))
        }
        return names
      },
    })
    expect((await catalogAt(directory, io).load()).version).toBe(2)
  })

  test('gives up when versions vanish again and again', async () => {
    let lists = 0
    const haunted = ioWith({ list: async () => [`v${1000 + lists++}.metadata.json`] })
    await expect(catalogAt(directory, haunted).load()).rejects.toMatchObject({ code: 'ENOENT' })
    expect(lists).toBe(21)
  })

  test('follows a table that was moved', async () => {
    const place = join(await temporaryFolder(), 'moved')
    await rename(directory, place)
    const moved = await catalogAt(place).load()
    expect(moved.path(`${moved.metadata.location}/data/a.parquet`)).toBe(`${place}/data/a.parquet`)
    expect((await catalogAt(place).commit(moved, setting('a', '1'))).version).toBe(2)
    expect((await catalogAt(place).load()).version).toBe(2)
  })
})

describe('commit', () => {
  test('writes the next version and its hint, and no manifest', async () => {
    const added: Update = {
      action: 'add-schema',
      schema: {
        type: 'struct',
        'schema-id': 0,
        fields: [...(first.metadata.schemas[0]?.fields ?? []), { id: 3, name: 'extra', required: false, type: 'int' }],
      },
    }
    const second = await catalog.commit(first, {
      requirements: [],
      updates: [added, { action: 'set-current-schema', 'schema-id': -1 }],
    })
    expect(second.version).toBe(2)
    expect(await metadataNames()).toEqual(['v1.metadata.json', 'v2.metadata.json', 'version-hint.text'])
    expect(await readFile(metadataPath('version-hint.text'), 'utf8')).toBe('2')
    expect((await catalog.load()).metadata).toEqual(second.metadata)
    expect(second.metadata['metadata-log']).toEqual([
      {
        'timestamp-ms': first.metadata['last-updated-ms'],
        'metadata-file': `file://${directory}/metadata/v1.metadata.json`,
      },
    ])
  })

  test('that changes nothing gives the base back and touches nothing', async () => {
    await catalog.commit(first, setting('a', '1'))
    const base = await catalog.load()
    const before = await contentsOf(directory)
    const times = (await stat(join(directory, 'metadata'))).mtimeMs
    for (const updates of [[], setting('a', '1').updates, [{ action: 'remove-properties', removals: ['b'] } as const]])
      expect(
        await catalog.commit(base, {
          requirements: [{ type: 'assert-table-uuid', uuid: base.metadata['table-uuid'] }],
          updates,
        }),
      ).toBe(base)
    expect(await contentsOf(directory)).toEqual(before)
    expect((await stat(join(directory, 'metadata'))).mtimeMs).toBe(times)
  })

  test('on a stale base is a conflict and changes nothing', async () => {
    await catalog.commit(first, setting('a', '1'))
    const before = await contentsOf(directory)
    await expect(catalog.commit(first, setting('a', '2'))).rejects.toEqual(
      failure('COMMIT_CONFLICT', `version 2 of ${directory} was committed by another writer`),
    )
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('with a requirement that does not hold changes nothing', async () => {
    const before = await contentsOf(directory)
    const change: Commit = {
      requirements: [{ type: 'assert-current-schema-id', 'current-schema-id': 5 }],
      updates: setting('a', '1').updates,
    }
    await expect(catalog.commit(first, change)).rejects.toEqual(
      failure('COMMIT_CONFLICT', 'Requirement failed: current schema changed'),
    )
    expect(await contentsOf(directory)).toEqual(before)
  })

  test.each(['v2.gz.metadata.json', 'v2.metadata.json.gz', '00002-0f8a5b2c-1d3e-4f60-8a7b-9c0d1e2f3a4b.metadata.json'])(
    'meets a conflict where another writer made the version as %s',
    async name => {
      const plain = await readFile(metadataPath('v1.metadata.json'))
      await writeFile(metadataPath(name), name.includes('gz') ? gzipSync(plain) : plain)
      await expect(catalog.commit(first, setting('a', '1'))).rejects.toEqual(failure('COMMIT_CONFLICT', 'version 2'))
      expect(await metadataNames()).toEqual(['v1.metadata.json', name, 'version-hint.text'].sort())
    },
  )

  test('by ten at once, each trying again, lands each exactly once in consecutive versions', async () => {
    const own = async (n: number): Promise<void> => {
      for (;;) {
        const base = await catalog.load()
        try {
          await catalog.commit(base, setting(`writer-${n}`, 'was here'))
          return
        } catch (error) {
          expect(error).toEqual(failure('COMMIT_CONFLICT', 'version'))
        }
      }
    }
    await Promise.all(Array.from({ length: 10 }, (_, n) => own(n)))
    const last = await catalog.load()
    expect(last.version).toBe(11)
    expect(Object.keys(properties(last.metadata)).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => `writer-${n}`).sort(),
    )
    expect(await metadataNames()).toHaveLength(12)
  })

  test('refuses another location and another place for metadata, and writes nothing', async () => {
    const before = await contentsOf(directory)
    await expect(
      catalog.commit(first, { requirements: [], updates: [{ action: 'set-location', location: 'file:///elsewhere' }] }),
    ).rejects.toEqual(failure('UPDATE_ILLEGAL', 'cannot be given another location'))
    await expect(catalog.commit(first, setting('write.metadata.path', 'file:///elsewhere'))).rejects.toEqual(
      failure('UPDATE_ILLEGAL', 'write.metadata.path cannot be set'),
    )
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('does not follow a clock that went back', async () => {
    const second = await catalogAt(directory, localFileIO, () => 1000).commit(first, setting('a', '1'))
    expect(second.metadata['last-updated-ms']).toBe(first.metadata['last-updated-ms'])
    expect((await catalog.load()).metadata).toEqual(second.metadata)
  })

  test('keeps snapshot ids beyond 2^53 that another writer chose', async () => {
    const id = 9223372036854775807n
    const snapshot = {
      'snapshot-id': id,
      'sequence-number': 1,
      'timestamp-ms': Date.now(),
      'manifest-list': 'file:///x.avro',
      summary: { operation: 'append' },
    }
    const second = await catalog.commit(first, {
      requirements: [],
      updates: [
        { action: 'add-snapshot', snapshot },
        { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': id },
      ],
    })
    await catalog.commit(second, setting('a', '1'))
    expect(await readFile(metadataPath('v3.metadata.json'), 'utf8')).toContain(`"current-snapshot-id":${id},`)
  })
})

describe('old versions', () => {
  const two = { 'write.metadata.previous-versions-max': '2', 'write.metadata.delete-after-commit.enabled': 'true' }

  async function commits(count: number, from: Table = first): Promise<Table> {
    let table = from
    for (let index = 0; index < count; index++)
      table = await catalog.commit(await catalog.load(), setting('round', `${index}`))
    return table
  }

  test('stay, unless the table asks for their removal', async () => {
    await catalog.commit(first, setting('write.metadata.previous-versions-max', '2'))
    const last = await commits(4)
    expect(last.metadata['metadata-log']).toHaveLength(2)
    expect((await metadataNames()).filter(name => name.startsWith('v') && name !== 'version-hint.text')).toHaveLength(6)
  })

  test('that fell out of the log are removed after the commit', async () => {
    await catalog.commit(first, { requirements: [], updates: [{ action: 'set-properties', updates: two }] })
    await commits(4)
    expect(await metadataNames()).toEqual([
      'v4.metadata.json',
      'v5.metadata.json',
      'v6.metadata.json',
      'version-hint.text',
    ])
  })

  test('that cannot be removed do not undo the commit, and nothing newer is removed before them', async () => {
    await commits(4)
    const removed: string[] = []
    const io = ioWith({
      remove: async path => {
        if (path.endsWith('v2.metadata.json')) throw systemError('EACCES')
        removed.push(path)
        return localFileIO.remove(path)
      },
    })
    const base = await catalog.load()
    const last = await catalogAt(directory, io).commit(base, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: two }],
    })
    expect(last.version).toBe(6)
    expect(removed.filter(path => path.endsWith('.metadata.json'))).toEqual([metadataPath('v1.metadata.json')])
    expect(await metadataNames()).toContain('v3.metadata.json')
  })

  test('that a commit under way counts on stay until it is done, its own name included', async () => {
    await catalog.commit(first, { requirements: [], updates: [{ action: 'set-properties', updates: two }] })
    // What a writer has on the disk that sleeps before it takes the name v4: base is v3.
    await writeFile(metadataPath(pendingName(4, 'sleeper')), '{}')
    await commits(5)
    expect((await metadataNames()).filter(name => /^v\d/.test(name))).toEqual(
      ['v3', 'v4', 'v5', 'v6', 'v7'].map(name => `${name}.metadata.json`),
    )
    await rm(metadataPath(pendingName(4, 'sleeper')))
    await commits(1)
    expect((await metadataNames()).filter(name => /^v\d/.test(name))).toEqual(
      ['v6', 'v7', 'v8'].map(name => `${name}.metadata.json`),
    )
  })

  test('that another program removed under a commit leave it unknown whether it counts, and nothing is deleted', async () => {
    await commits(1)
    const stale = await catalog.load()
    const names = await localFileIO.list(join(directory, 'metadata'))
    await commits(3)
    for (const gone of ['v1', 'v2', 'v3']) await rm(metadataPath(`${gone}.metadata.json`))
    // The list it saw is from before that.
    const late = catalogAt(directory, ioWith({ list: async () => names }))
    await expect(late.commit(stale, setting('late', 'yes'))).rejects.toEqual(
      failure('COMMIT_STATE_UNKNOWN', 'version 3'),
    )
    const loaded = await catalog.load()
    expect(loaded.version).toBe(4)
    expect(properties(loaded.metadata)).not.toHaveProperty('late')
  })
})

describe('when the disk fails', () => {
  async function failing(replaced: Parameters<typeof ioWith>[0]): Promise<unknown> {
    return catalogAt(directory, ioWith(replaced))
      .commit(first, setting('a', '1'))
      .then(
        () => 'it was committed',
        (error: unknown) => error,
      )
  }

  test('while the new version is written, its error comes through and nothing has changed', async () => {
    const before = await contentsOf(directory)
    for (const step of ['write', 'finish'] as const) {
      const error = await failing({
        create: async path => ({
          ...(await localFileIO.create(path)),
          [step]: () => Promise.reject(systemError('ENOSPC')),
        }),
      })
      expect(error).toMatchObject({ code: 'ENOSPC' })
      expect(await contentsOf(directory)).toEqual(before)
    }
  })

  test('at the link, its error comes through and nothing has changed', async () => {
    const before = await contentsOf(directory)
    expect(await failing({ link: () => Promise.reject(systemError('EPERM')) })).toMatchObject({ code: 'EPERM' })
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('at the link because the name is taken, it is a conflict and nothing has changed', async () => {
    const before = await contentsOf(directory)
    expect(await failing({ link: async () => false })).toEqual(failure('COMMIT_CONFLICT', 'version 2'))
    expect(await contentsOf(directory)).toEqual(before)
  })

  test('at the sync of the directory, the state is unknown and nothing is deleted', async () => {
    const error = await failing({ syncDirectory: () => Promise.reject(systemError('EIO')) })
    expect(error).toEqual(failure('COMMIT_STATE_UNKNOWN', `version 2 of ${directory} may or may not be there`))
    expect(await metadataNames()).toEqual(['v1.metadata.json', 'v2.metadata.json', 'version-hint.text'])
    expect(properties((await catalog.load()).metadata)).toEqual({ a: '1' })
  })

  test('when it looks after the base behind the link, the state is unknown and nothing is deleted', async () => {
    expect(await failing({ size: () => Promise.reject(systemError('EIO')) })).toEqual(
      failure('COMMIT_STATE_UNKNOWN', 'version 2'),
    )
    expect((await catalog.load()).version).toBe(2)
  })

  test('at the hint, the commit stands', async () => {
    expect(await failing({ rename: () => Promise.reject(systemError('EIO')) })).toBe('it was committed')
    expect(await metadataNames()).toEqual(['v1.metadata.json', 'v2.metadata.json', 'version-hint.text'])
    expect(await readFile(metadataPath('version-hint.text'), 'utf8')).toBe('1')
    expect((await catalog.load()).version).toBe(2)
  })

  test('while the temporary file is removed, the commit stands', async () => {
    expect(await failing({ remove: () => Promise.reject(systemError('EIO')) })).toBe('it was committed')
    expect((await catalog.load()).version).toBe(2)
  })
})

test('a metadata file is on the disk before it has its name', async () => {
  const events: string[] = []
  const io = ioWith({
    create: async path => {
      const file = await localFileIO.create(path)
      return {
        ...file,
        finish: async options => {
          await file.finish(options)
          if (options?.durable !== false) events.push('bytes')
        },
      }
    },
    link: async (from, to) => {
      events.push('name')
      return localFileIO.link(from, to)
    },
    syncDirectory: async path => {
      events.push('directory')
      return localFileIO.syncDirectory(path)
    },
  })
  await catalogAt(directory, io).commit(first, setting('a', '1'))
  expect(events).toEqual(['bytes', 'name', 'directory'])
})
