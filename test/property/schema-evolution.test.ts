import fc from 'fast-check'
import { expect, test } from 'vitest'
import { currentSchema, lastAssignedFieldId } from '../../src/iceberg/ids.ts'
import { mappedField, type NameMapping, nameMappingProperty, parseNameMapping } from '../../src/iceberg/name-mapping.ts'
import { type IndexedField, walkFields } from '../../src/iceberg/schema-index.ts'
import type { Field, TableMetadata, Type } from '../../src/iceberg/types.ts'
import { committed, created, evolved, planned, reshaped } from '../schema/declaring.ts'
import { beginnings, Evolving, rounds } from './schema-evolving.ts'

/** The same runs every time; a failure prints its own. */
const runs = { seed: 20_260_801, numRuns: 600 }

const evolutions = fc.tuple(beginnings, rounds)

/** The table after the declaration was applied, if that asks for anything. */
function applied(metadata: TableMetadata, model: Evolving, release: number): TableMetadata {
  const declaration = model.declaration(release)
  const plan = planned(declaration, metadata)
  const breaking = plan.changes.filter(({ kind }) => kind === 'breaking')
  expect(breaking.map(({ code, path, change }) => `${code} ${path}: ${change}`)).toEqual([])
  model.settle()
  return plan.action === 'none' ? metadata : evolved(metadata, declaration)
}

function idsByPath(metadata: TableMetadata): Map<string, number> {
  return new Map(walkFields(currentSchema(metadata)).map(({ path, id }) => [path, id]))
}

test('after an evolution nothing is left to do', () => {
  fc.assert(
    fc.property(evolutions, ([beginning, all]) => {
      const model = new Evolving(beginning)
      model.settle()
      let metadata = created(model.declaration(1))
      for (const [index, round] of all.entries()) {
        model.evolve(round)
        if (!round.isApplied && index < all.length - 1) continue
        metadata = applied(metadata, model, index + 2)
        const plan = planned(model.declaration(index + 2), metadata)
        expect([plan.verdict, plan.action]).toEqual(['current', 'none'])
        expect(new Set(plan.changes.map(({ code }) => code))).toEqual(
          new Set(plan.changes.length === 0 ? [] : ['TO301']),
        )
      }
    }),
    runs,
  )
})

test('a field id keeps its meaning for ever, and a new one is above all that there were', () => {
  fc.assert(
    fc.property(evolutions, ([beginning, all]) => {
      const model = new Evolving(beginning)
      model.settle()
      let metadata = created(model.declaration(1))
      const idOf = new Map<number, number>()
      const look = (before: number): void => {
        const ids = idsByPath(metadata)
        expect([...model.paths().keys()].filter(path => !ids.has(path))).toEqual([])
        for (const [path, uid] of model.paths()) {
          const id = ids.get(path) as number
          const known = idOf.get(uid)
          if (known === undefined) expect(id).toBeGreaterThan(before)
          else expect([path, id]).toEqual([path, known])
          idOf.set(uid, id)
        }
        expect(new Set(idOf.values()).size).toBe(idOf.size)
      }
      look(0)
      for (const [index, round] of all.entries()) {
        model.evolve(round)
        if (!round.isApplied && index < all.length - 1) continue
        const before = lastAssignedFieldId(metadata)
        metadata = applied(metadata, model, index + 2)
        expect(metadata['last-column-id']).toBeGreaterThanOrEqual(before)
        look(before)
      }
    }),
    runs,
  )
})

/** What another program does between two releases. */
const others = fc.constantFrom('nothing', 'adds', 'adds and drops', 'drops', 'adds in a struct', 'forgets schemas')

test('that holds as well where other programs add and drop columns in between', () => {
  fc.assert(
    fc.property(beginnings, rounds, fc.array(others, { minLength: 5, maxLength: 5 }), (beginning, all, meddling) => {
      const model = new Evolving(beginning)
      model.settle()
      let metadata = created(model.declaration(1))
      const idOf = new Map<number, number>()
      const foreign = new Set<number>()
      let highest = metadata['last-column-id']
      for (const [index, round] of all.entries()) {
        metadata = meddled(metadata, meddling[index] as string, index, foreign)
        highest = Math.max(highest, metadata['last-column-id'])
        model.evolve(round)
        if (!round.isApplied && index < all.length - 1) continue
        const before = highest
        metadata = applied(metadata, model, index + 2)
        highest = Math.max(highest, metadata['last-column-id'])
        expect(metadata['last-column-id']).toBe(highest)
        const ids = idsByPath(metadata)
        for (const [path, uid] of model.paths()) {
          const id = ids.get(path) as number
          const known = idOf.get(uid)
          if (known !== undefined) expect([path, id]).toEqual([path, known])
          else if (index > 0) expect(id > before || !idOf.has(uid)).toBe(true)
          expect(foreign.has(id)).toBe(false)
          idOf.set(uid, id)
        }
      }
    }),
    runs,
  )
})

function meddled(metadata: TableMetadata, other: string, round: number, foreign: Set<number>): TableMetadata {
  const id = lastAssignedFieldId(metadata) + 1
  const field: Field = { id, name: `theirs${round}`, required: false, type: 'int' }
  const isTheirs = ({ name }: Field): boolean => name.startsWith('theirs')
  switch (other) {
    case 'adds':
      foreign.add(id)
      return reshaped(metadata, fields => [field, ...fields])
    case 'adds and drops':
      foreign.add(id)
      return reshaped(
        reshaped(metadata, fields => [...fields, field]),
        fields => fields.filter(each => each !== field),
      )
    case 'drops':
      return reshaped(metadata, fields => fields.filter(each => !isTheirs(each)))
    case 'adds in a struct': {
      const at = currentSchema(metadata).fields.findIndex(each => isStruct(each.type))
      if (at < 0) return metadata
      foreign.add(id)
      return reshaped(metadata, fields =>
        fields.map((each, index) => {
          const { type } = each
          return index === at && isStruct(type) ? { ...each, type: { ...type, fields: [...type.fields, field] } } : each
        }),
      )
    }
    case 'forgets schemas': {
      const gone = metadata.schemas
        .map(schema => schema['schema-id'])
        .filter(each => each !== metadata['current-schema-id'])
      return gone.length === 0 ? metadata : committed(metadata, { action: 'remove-schemas', 'schema-ids': gone })
    }
    default:
      return metadata
  }
}

function isStruct(type: Type): type is Extract<Type, { type: 'struct' }> {
  return typeof type === 'object' && type.type === 'struct'
}

/** The mapping of a table that has none: every field by its name. */
function wholeMapping(fields: readonly IndexedField[], parent: IndexedField | undefined): NameMapping {
  return fields
    .filter(field => field.parent?.id === parent?.id)
    .map(field => {
      const children = wholeMapping(fields, field)
      return { 'field-id': field.id, names: [field.name], ...(children.length === 0 ? {} : { fields: children }) }
    })
}

/** The ids that a mapping gives for a field's names from the top. */
function idBy(mapping: NameMapping, names: readonly string[]): number | undefined {
  const [name, ...rest] = names
  const entry = mappedField(mapping, name as string)
  return rest.length === 0 ? entry?.['field-id'] : idBy(entry?.fields ?? [], rest)
}

function namesTo(field: IndexedField): string[] {
  return field.parent === undefined ? [field.name] : [...namesTo(field.parent), field.name]
}

const metrics = 'write.metadata.metrics.column.'

test('the name mapping and the properties of columns follow: by every name of today, and by old names that are free', () => {
  fc.assert(
    fc.property(evolutions, ([beginning, all]) => {
      const model = new Evolving(beginning)
      model.settle()
      const first = created(model.declaration(1))
      const walked = walkFields(currentSchema(first))
      let metadata = committed(first, {
        action: 'set-properties',
        updates: {
          [nameMappingProperty]: JSON.stringify(wholeMapping(walked, undefined)),
          ...Object.fromEntries(walked.map(({ path, id }) => [`${metrics}${path}`, `for ${id}`])),
          [`${metrics}of.nobody`]: 'stays',
        },
      })
      for (const [index, round] of all.entries()) {
        model.evolve(round)
        if (!round.isApplied && index < all.length - 1) continue
        const before = new Map(walkFields(currentSchema(metadata)).map(node => [node.id, node]))
        metadata = applied(metadata, model, index + 2)
        const mapping = parseNameMapping(metadata.properties[nameMappingProperty] ?? '')
        const now = walkFields(currentSchema(metadata))
        for (const node of now) expect([node.path, idBy(mapping, namesTo(node))]).toEqual([node.path, node.id])
        for (const node of now) {
          // A name that nobody in its struct took since is still found.
          const old = before.get(node.id)
          const taken = now.some(each => each.parent?.id === node.parent?.id && each.name === old?.name)
          if (old === undefined || taken) continue
          const around = node.parent === undefined ? [] : namesTo(node.parent)
          expect([old.path, idBy(mapping, [...around, old.name])]).toEqual([old.path, node.id])
        }
        const settings = Object.entries(metadata.properties).filter(([name]) => name.startsWith(metrics))
        const expected = now.filter(({ id }) => walked.some(field => field.id === id))
        expect(new Map(settings)).toEqual(
          new Map([
            ...expected.map(({ path, id }): [string, string] => [`${metrics}${path}`, `for ${id}`]),
            [`${metrics}of.nobody`, 'stays'],
          ]),
        )
      }
    }),
    runs,
  )
})
