import { access, constants } from 'node:fs/promises'
import type { Table } from '../../../iceberg/catalog/catalog.ts'
import { parseMetadataName } from '../../../iceberg/catalog/versions.ts'
import { type Obstacle, someOf } from './obstacle.ts'

/** Properties by which other programs put new files elsewhere. */
const leading = ['write.data.path', 'write.object-storage.path', 'write.folder-storage.path']

/** What of a table's place is in the way: where its next files go, who may write there, and which version is the newest. */
export async function placeObstacles(table: Table, directory: string): Promise<Obstacle[]> {
  return [
    ...(await versionObstacles(table, directory)),
    ...propertyObstacles(table, directory),
    ...(await permissionObstacles(`${directory}/metadata`)),
  ]
}

async function versionObstacles(table: Table, directory: string): Promise<Obstacle[]> {
  const names = await table.io.list(`${directory}/metadata`)
  const newest = names.filter(name => parseMetadataName(name)?.version === table.version)
  // The same file may stand there compressed as well.
  const different = new Set(newest.map(name => name.replace(/\.gz(?=\.|$)/, '')))
  if (different.size < 2) return []
  return [
    {
      what: `${different.size} metadata files of version ${table.version}`,
      where: newest.toSorted().join(', '),
      why: 'They are different commits, and only the catalog that named them knows which one is the table.',
      fix: 'Move those away that the catalog does not name.',
    },
  ]
}

function propertyObstacles({ metadata: { properties }, path }: Table, directory: string): Obstacle[] {
  const metadataPath = properties['write.metadata.path']
  const elsewhere = leading.flatMap(name => {
    const value = properties[name]
    return value === undefined || path(`${value}/x`).startsWith(`${directory}/`) ? [] : [{ name, value }]
  })
  return [
    ...(metadataPath === undefined ? [] : [{ name: 'write.metadata.path', value: metadataPath }]),
    ...elsewhere,
  ].map(({ name, value }) => ({
    what: 'a property that leads other programs elsewhere',
    where: `${name}=${value}`,
    why: 'A table in a directory is found by what lies in it: files written elsewhere are not seen there.',
    fix: `Take the property back, in Spark by ALTER TABLE … UNSET TBLPROPERTIES ('${name}').`,
  }))
}

async function permissionObstacles(directory: string): Promise<Obstacle[]> {
  try {
    await access(directory, constants.W_OK)
    return []
  } catch (cause) {
    return [
      {
        what: 'a directory that cannot be written',
        where: someOf([directory]),
        why: (cause as Error).message,
        fix: 'Give yourself the right to write there, or adopt a copy of the table.',
      },
    ]
  }
}
