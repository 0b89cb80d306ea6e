import { currentSchema, mergeFieldIdsFromTable } from '../../iceberg/ids.ts'
import { nameMappingProperty, parseNameMapping } from '../../iceberg/name-mapping.ts'
import { indexById, walkFields } from '../../iceberg/schema-index.ts'
import { highestAllowedFieldId, takesPartitionName } from '../../iceberg/schema-rules.ts'
import type { TableMetadata } from '../../iceberg/types.ts'
import type { Declaration } from '../declaration.ts'
import { targetFields } from '../evolve/target.ts'
import { type ChangeKind, ruleOf } from '../rules.ts'
import type { Difference } from './drift.ts'

/**
 * The differences with what comes of doing them: the field ids that new columns
 * get, and what stands in the way only then. Sorted by what becomes of them.
 */
export function outcome(
  declaration: Declaration,
  metadata: TableMetadata,
  differences: readonly Difference[],
): Difference[] {
  const kinds = new Set(differences.map(difference => ruleOf(difference.code).kind))
  const isDone = kinds.has('in-place') && !kinds.has('breaking')
  return sorted(isDone ? withConsequences(declaration, metadata, differences) : differences)
}

function withConsequences(
  declaration: Declaration,
  metadata: TableMetadata,
  differences: readonly Difference[],
): readonly Difference[] {
  const target = targetFields(declaration, currentSchema(metadata).fields)
  const { fields, lastColumnId } = mergeFieldIdsFromTable(target, metadata)
  if (lastColumnId > highestAllowedFieldId)
    return [...differences, aboutTable('BR215', '(field ids)', `${lastColumnId} would be needed`)]
  const added = differences.some(difference => difference.fieldId === null && difference.type !== null)
  const ids = new Map(added ? walkFields({ type: 'struct', fields }).map(node => [node.path, node.id]) : [])
  const before = indexById(currentSchema(metadata))
  const taken = walkFields({ type: 'struct', fields }).filter(node => {
    const isTold = differences.some(({ code, path }) => code === 'BR208' && path === node.path)
    return !isTold && takesPartitionName(node, before.get(node.id), metadata['partition-specs'])
  })
  if (taken.length > 0)
    return [
      ...differences,
      ...taken.map(({ path, id }) => ({ ...aboutTable('BR208', path, 'a partition field'), fieldId: id })),
    ]
  return [
    ...differences.map(difference => ({
      ...difference,
      fieldId: difference.fieldId ?? ids.get(difference.path) ?? null,
    })),
    ...mappingFindings(metadata),
  ]
}

function mappingFindings(metadata: TableMetadata): Difference[] {
  const text = metadata.properties[nameMappingProperty]
  if (text === undefined) return []
  try {
    parseNameMapping(text)
    return []
  } catch {
    return [{ ...aboutTable('TO303', '(name mapping)', 'left as it is'), cause: 'other program' }]
  }
}

function aboutTable(code: Difference['code'], path: string, change: string): Difference {
  return {
    code,
    path,
    fieldId: null,
    change,
    type: null,
    isSlack: false,
    cause: 'declaration',
    isBuiltin: false,
    isAcceptable: false,
  }
}

const order: readonly ChangeKind[] = ['in-place', 'breaking', 'tolerated']

function sorted(differences: readonly Difference[]): Difference[] {
  const place = ({ code }: Difference): number => order.indexOf(ruleOf(code).kind)
  return differences.toSorted((a, b) => place(a) - place(b))
}
