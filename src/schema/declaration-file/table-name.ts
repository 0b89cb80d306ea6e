import type { Node } from 'jsonc-parser'
import { builtinTable } from '../builtin.ts'
import type { Report } from './document.ts'
import { type Members, readText } from './members.ts'

/** Names under which a query finds something else. */
const reservedTableNames: ReadonlySet<string> = new Set(['usage'])

const extendedBy = `A file that extends the built-in table is named ${builtinTable}.json.`

/**
 * The table that a whole declaration is of. It is said twice where the file is
 * found by its name, so that a misspelt name does not become a table nobody
 * meant.
 * @param fileName the name of the file without its ending; undefined where the file is named by hand
 */
export function readTableName(
  root: Node,
  members: Members,
  fileName: string | undefined,
  report: Report,
): string | undefined {
  const node = members.get('table')?.value
  const name = readText(members, 'table', report)
  if (node === undefined) {
    const form = `One that declares a table of its own says "table": ${JSON.stringify(fileName ?? 'its_name')}.`
    report(root, 'missing-key', 'The file has no `table`.', `${extendedBy} ${form}`)
  } else if (name !== undefined && fileName !== undefined && name !== fileName) {
    const way =
      name === builtinTable ? extendedBy : `Name the file ${name}.json, or write "table": "${fileName}". ${extendedBy}`
    report(node, 'bad-table', `The file is named ${fileName}.json and declares "${name}".`, way)
  } else if (name !== undefined) {
    const fault = faultOf(name)
    if (fault !== undefined) report(node, 'bad-table', fault.why, fault.hint)
  }
  return name
}

function faultOf(name: string): { readonly why: string; readonly hint: string } | undefined {
  // It names a directory and stands in queries; an object of ours has another thing under that one name.
  if (name === '__proto__' || !/^[\p{L}_][\p{L}\p{N}_-]{0,127}$/u.test(name)) {
    const hint = 'It begins with a letter or `_` and holds letters, digits, `_` and `-`, at most 128.'
    return { why: `"${name}" cannot be the name of a table.`, hint }
  }
  if (reservedTableNames.has(name.toLowerCase()))
    return { why: `"${name}" is the name of a view in queries.`, hint: 'Choose another name.' }
  if (name !== builtinTable && name.toLowerCase() === builtinTable)
    return { why: `"${name}" differs from the built-in table only by case.`, hint: extendedBy }
  return undefined
}
