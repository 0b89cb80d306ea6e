import { type Handler, illegal, patch } from './draft.ts'

/** Names that engines take as commands when a table is made; they are never stored (Java TableProperties). */
const reserved = new Set([
  'format-version',
  'uuid',
  'snapshot-count',
  'current-snapshot-summary',
  'current-snapshot-id',
  'current-snapshot-timestamp-ms',
  'current-schema',
  'default-partition-spec',
  'default-sort-order',
])

export const setProperties: Handler<'set-properties'> = (draft, { updates }) => {
  for (const name of Object.keys(updates)) {
    if (reserved.has(name)) illegal(`cannot set reserved table property ${name}`, { property: name })
  }
  const { properties } = draft.metadata
  if (Object.entries(updates).every(([name, value]) => properties[name] === value)) return
  patch(draft, { properties: { ...properties, ...updates } })
}

export const removeProperties: Handler<'remove-properties'> = (draft, { removals }) => {
  const properties = { ...draft.metadata.properties }
  for (const name of removals) delete properties[name]
  patch(draft, { properties })
}

export const assignUuid: Handler<'assign-uuid'> = (draft, { uuid }) => {
  const current = draft.metadata['table-uuid']
  if (current !== '' && current !== uuid) illegal(`cannot reassign uuid: the table is ${current}`)
  patch(draft, { 'table-uuid': uuid })
}

export const upgradeFormatVersion: Handler<'upgrade-format-version'> = (draft, update) => {
  const from = draft.metadata['format-version']
  const to = update['format-version']
  if (to < from) illegal(`cannot downgrade v${from} table to v${to}`)
  if (to > 2) illegal(`cannot upgrade the table to v${to}: version 2 is the latest that is written`)
  patch(draft, { 'format-version': to })
}

export const setLocation: Handler<'set-location'> = (draft, { location }) => {
  patch(draft, { location: location.replace(/(?<=[^/:])\/+$/, '') })
}
