import { currentSchema } from '../ids.ts'
import { sameJson } from '../primitive.ts'
import { checkSortOrderSources, checkSpecNames, checkSpecRedundancy, checkSpecSources } from '../spec-rules.ts'
import { type Handler, illegal, patch, resolveId } from './draft.ts'

/** Adds a partition spec, or finds the one with the same fields (spec "Partition Evolution": no duplicates). */
export const addSpec: Handler<'add-spec'> = (draft, { spec }) => {
  const { metadata } = draft
  checkSpecSources(spec, currentSchema(metadata))
  checkSpecNames(spec, currentSchema(metadata))
  checkSpecRedundancy(spec, metadata['partition-specs'])
  const same = metadata['partition-specs'].find(candidate => sameJson(candidate.fields, spec.fields))
  const lastPartitionId = Math.max(metadata['last-partition-id'], ...spec.fields.map(field => field['field-id']))
  const id =
    same?.['spec-id'] ?? Math.max(-1, ...metadata['partition-specs'].map(candidate => candidate['spec-id'])) + 1
  draft.addedSpecId = id
  patch(draft, {
    'partition-specs':
      same === undefined ? [...metadata['partition-specs'], { ...spec, 'spec-id': id }] : metadata['partition-specs'],
    'last-partition-id': lastPartitionId,
  })
}

export const setDefaultSpec: Handler<'set-default-spec'> = (draft, update) => {
  const id = resolveId(update['spec-id'], draft.addedSpecId, 'spec')
  if (!draft.metadata['partition-specs'].some(spec => spec['spec-id'] === id))
    illegal(`cannot set default spec to unknown spec with id ${id}`)
  patch(draft, { 'default-spec-id': id })
}

export const removePartitionSpecs: Handler<'remove-partition-specs'> = (draft, update) => {
  const ids = new Set(update['spec-ids'])
  if (ids.has(draft.metadata['default-spec-id']))
    illegal(`cannot remove the default partition spec ${draft.metadata['default-spec-id']}`)
  patch(draft, { 'partition-specs': draft.metadata['partition-specs'].filter(spec => !ids.has(spec['spec-id'])) })
}

/** Adds a sort order, or finds the same; order 0 is the unsorted one and stays so. */
export const addSortOrder: Handler<'add-sort-order'> = (draft, update) => {
  const { metadata } = draft
  const order = update['sort-order']
  checkSortOrderSources(order, currentSchema(metadata))
  const same = metadata['sort-orders'].find(candidate => sameJson(candidate.fields, order.fields))
  const id =
    order.fields.length === 0
      ? 0
      : (same?.['order-id'] ?? Math.max(0, ...metadata['sort-orders'].map(candidate => candidate['order-id'])) + 1)
  draft.addedSortOrderId = id
  if (same === undefined) patch(draft, { 'sort-orders': [...metadata['sort-orders'], { ...order, 'order-id': id }] })
}

export const setDefaultSortOrder: Handler<'set-default-sort-order'> = (draft, update) => {
  const id = resolveId(update['sort-order-id'], draft.addedSortOrderId, 'sort order')
  if (!draft.metadata['sort-orders'].some(order => order['order-id'] === id))
    illegal(`cannot set default sort order to unknown order with id ${id}`)
  patch(draft, { 'default-sort-order-id': id })
}
