import fc from 'fast-check'
import type { Cell, Row } from '../../src/iceberg/types.ts'
import type { ColumnDeclaration, Declaration, DeclaredType } from '../../src/schema/declaration.ts'

/*
 * A model of a table that evolves, which knows nothing of field ids: every
 * column, member, element, key and value is a node with a number of its own,
 * and rows are kept by those numbers. What steps do to it is drawn as plain
 * numbers, so that a failure shrinks.
 */

/** A column or a member of a struct. */
export interface Node {
  readonly uid: number
  name: string
  /** Names it had before, the newest first. */
  history: string[]
  required: boolean
  doc: string | undefined
  type: Shape
  /** False for what the declaration has left out since; the table keeps it. */
  declared: boolean
}

export type Shape =
  | string
  | { readonly kind: 'struct'; readonly fields: Node[] }
  | { readonly kind: 'list'; element: Shape; elementRequired: boolean }
  | { readonly kind: 'map'; readonly key: Shape; value: Shape; valueRequired: boolean }

/** A value under a shape: structs by the numbers of their nodes. */
export type Value =
  | null
  | number
  | bigint
  | string
  | boolean
  | readonly Value[]
  | { readonly members: ReadonlyMap<number, Value> }

/** One drawn step; what the numbers mean depends on the kind. */
export interface Step {
  readonly kind: StepKind
  readonly at: number
  readonly by: number
}

const stepKinds = ['add', 'promote', 'loosen', 'document', 'rename', 'reorder', 'leave out', 'declare again'] as const

type StepKind = (typeof stepKinds)[number]

/** What happens to a declaration until somebody applies it, and whether that is done before the next round. */
export interface Round {
  readonly steps: readonly Step[]
  readonly isApplied: boolean
}

export const rounds: fc.Arbitrary<Round[]> = fc.array(
  fc.record({
    steps: fc.array(fc.record({ kind: fc.constantFrom(...stepKinds), at: fc.nat(10_000), by: fc.nat(10_000) }), {
      maxLength: 6,
    }),
    isApplied: fc.integer({ min: 0, max: 3 }).map(number => number > 0),
  }),
  { minLength: 1, maxLength: 5 },
)

/** The first columns of a table, as numbers. */
export const beginnings: fc.Arbitrary<number[]> = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 5 })

const promotions: Readonly<Record<string, string>> = {
  int: 'long',
  float: 'double',
  'decimal(9,2)': 'decimal(18,2)',
}

const leaves = ['int', 'float', 'decimal(9,2)', 'string', 'boolean', 'long', 'date', 'timestamptz']

export class Evolving {
  readonly columns: Node[]
  #uids = 0
  /** Nodes as the table has them. */
  #settled = new Map<number, string>()

  constructor(beginning: readonly number[]) {
    // The row key; it is renamed and promoted like any other, and never optional.
    this.columns = [this.#node(0, true)]
    for (const number of beginning) this.columns.push(this.#node(number, number % 7 === 0))
  }

  /** Says that the table is now as it is declared. */
  settle(): void {
    this.#settled = new Map()
    const visit = (shape: Shape): void => {
      if (typeof shape === 'string') return
      if (shape.kind === 'struct')
        for (const node of shape.fields) {
          this.#settled.set(node.uid, printed(node))
          visit(node.type)
        }
      else visit(shape.kind === 'list' ? shape.element : shape.value)
    }
    visit({ kind: 'struct', fields: this.columns })
  }

  get key(): Node {
    return this.columns.find(node => node.uid === 1) as Node
  }

  #node(number: number, required: boolean, depth = 0): Node {
    const uid = ++this.#uids
    return {
      uid,
      name: `c${uid}`,
      history: [],
      required,
      doc: number % 5 === 0 ? `about ${uid}` : undefined,
      type: uid === 1 ? 'int' : this.#shape(number, depth),
      declared: true,
    }
  }

  #shape(number: number, depth: number): Shape {
    const rest = Math.floor(number / 12)
    const inside = (salt: number): Shape => this.#shape(rest + salt, depth + 1)
    const kind = depth >= 3 ? 0 : number % 12
    if (kind < 7) return leaves[rest % leaves.length] as string
    if (kind < 9) {
      const members = [this.#node(rest, rest % 3 === 0, depth + 1), this.#node(rest + 5, false, depth + 1)]
      return { kind: 'struct', fields: members.slice(0, 1 + (rest % 2)) }
    }
    if (kind < 11) return { kind: 'list', element: inside(7), elementRequired: rest % 2 === 0 }
    const key: Shape =
      rest % 2 === 0
        ? 'string'
        : { kind: 'struct', fields: [{ ...this.#node(0, true, 3), type: 'int', doc: undefined }] }
    return { kind: 'map', key, value: inside(3), valueRequired: rest % 3 === 0 }
  }

  /** All structs but those of keys, the top first. */
  #structs(): Node[][] {
    const found: Node[][] = [this.columns]
    const visit = (shape: Shape): void => {
      if (typeof shape === 'string') return
      if (shape.kind === 'struct') {
        found.push(shape.fields)
        for (const node of shape.fields) if (node.declared) visit(node.type)
      } else visit(shape.kind === 'list' ? shape.element : shape.value)
    }
    for (const node of this.columns) if (node.declared) visit(node.type)
    return found
  }

  evolve(round: Round): void {
    for (const step of round.steps) this.step(step)
  }

  /** Does one step; one that finds nothing to do does nothing. */
  step({ kind, at, by }: Step): void {
    const structs = this.#structs()
    const fields = structs[at % structs.length] as Node[]
    const declared = fields.filter(node => node.declared)
    const node = declared[by % Math.max(1, declared.length)]
    switch (kind) {
      case 'add': {
        const depth = fields === this.columns ? 0 : 2
        fields.splice(by % (fields.length + 1), 0, this.#node(by, false, depth))
        return
      }
      case 'promote':
        if (node !== undefined) node.type = promoted(node.type)
        return
      case 'loosen':
        if (node !== undefined && node.uid !== 1) loosen(node, by)
        return
      case 'document':
        if (node !== undefined) node.doc = `said ${by}`
        return
      case 'rename':
        if (node === undefined) return
        node.history = [node.name, ...node.history]
        node.name = `n${++this.#uids}`
        return
      case 'reorder':
        fields.push(...fields.splice(0, 1 + (by % fields.length)))
        return
      case 'leave out':
        // What is left out stays as the table has it, so nothing of it may be under way.
        if (node === undefined || node.required || declared.length < 2) return
        if (this.#settled.get(node.uid) === printed(node)) node.declared = false
        return
      case 'declare again': {
        const left = fields.filter(candidate => !candidate.declared)
        const again = left[by % Math.max(1, left.length)]
        if (again !== undefined) again.declared = true
      }
    }
  }

  declaration(release: number, more: Partial<Declaration> = {}): Declaration {
    const key = this.key.name
    return {
      table: 'things',
      release,
      columns: declaredColumns(this.columns),
      identifier: [key],
      partitionBy: [{ column: key, transform: 'bucket[4]' }],
      sortBy: [key],
      ...more,
    }
  }

  /** A row, as a value and as what is written. */
  row(seed: number): { readonly value: Value; readonly row: Row } {
    const shape: Shape = { kind: 'struct', fields: this.columns }
    const value = valueOf(shape, seed)
    return { value, row: cellOf(shape, value) as Row }
  }

  /** What a row that was written at some time reads as now. */
  read(value: Value): Row {
    return cellOf({ kind: 'struct', fields: this.columns }, value) as Row
  }

  /** Full names of everything in the table, with the numbers of nodes; parts of lists and maps have none. */
  paths(): Map<string, number> {
    const found = new Map<string, number>()
    const visit = (shape: Shape, prefix: string): void => {
      if (typeof shape === 'string') return
      if (shape.kind === 'struct') {
        for (const node of shape.fields) {
          found.set(`${prefix}${node.name}`, node.uid)
          visit(node.type, `${prefix}${node.name}.`)
        }
      } else if (shape.kind === 'list') visit(shape.element, `${prefix}element.`)
      else {
        visit(shape.key, `${prefix}key.`)
        visit(shape.value, `${prefix}value.`)
      }
    }
    visit({ kind: 'struct', fields: this.columns }, '')
    return found
  }
}

function printedName({ name }: Node): string {
  return `${JSON.stringify(name)} `
}

function printed(node: Node): string {
  return `${printedName(node)}${JSON.stringify(node)}`
}

function declaredColumns(nodes: readonly Node[]): ColumnDeclaration[] {
  return nodes
    .filter(node => node.declared)
    .map(({ name, history, required, doc, type }) => ({
      name,
      type: declaredType(type),
      required,
      ...(doc === undefined ? {} : { doc }),
      ...(history.length === 0 ? {} : { renamedFrom: [...history] }),
    }))
}

function declaredType(shape: Shape): DeclaredType {
  if (typeof shape === 'string') return shape
  if (shape.kind === 'struct') return { type: 'struct', fields: declaredColumns(shape.fields) }
  if (shape.kind === 'list')
    return { type: 'list', element: declaredType(shape.element), elementRequired: shape.elementRequired }
  return {
    type: 'map',
    key: declaredType(shape.key),
    value: declaredType(shape.value),
    valueRequired: shape.valueRequired,
  }
}

function promoted(shape: Shape): Shape {
  if (typeof shape === 'string') return promotions[shape] ?? shape
  if (shape.kind === 'list') shape.element = promoted(shape.element)
  if (shape.kind === 'map') shape.value = promoted(shape.value)
  return shape
}

function loosen(node: Node, by: number): void {
  const { type } = node
  if (typeof type === 'object' && type.kind === 'list' && by % 2 === 0) type.elementRequired = false
  else if (typeof type === 'object' && type.kind === 'map' && by % 2 === 0) type.valueRequired = false
  else node.required = false
}

function valueOf(shape: Shape, seed: number): Value {
  const next = (seed * 31 + 17) % 1_000_003
  if (typeof shape === 'string') return leafOf(shape, seed)
  if (shape.kind === 'struct') {
    const members = shape.fields.map((node, index): [number, Value] => {
      const salt = (next + node.uid * 101 + index) % 1_000_003
      const isNull = !node.declared || (!node.required && salt % 4 === 0)
      return [node.uid, isNull ? null : valueOf(node.type, salt)]
    })
    return { members: new Map(members) }
  }
  const length = next % 4
  const items = Array.from({ length }, (_, index) => (next + index * 7) % 1_000_003)
  if (shape.kind === 'list')
    return items.map(item => (!shape.elementRequired && item % 5 === 0 ? null : valueOf(shape.element, item)))
  return items.map((item, index) => [
    // Keys of one map differ.
    keyOf(shape.key, index * 1000 + (item % 1000)),
    !shape.valueRequired && item % 5 === 0 ? null : valueOf(shape.value, item),
  ])
}

function keyOf(shape: Shape, number: number): Value {
  if (typeof shape === 'string') return `key ${number}`
  if (shape.kind !== 'struct') throw new Error('keys are texts or structs')
  return { members: new Map(shape.fields.map(node => [node.uid, number])) }
}

function leafOf(type: string, seed: number): Value {
  switch (type) {
    case 'int':
      return seed - 500_000
    case 'long':
      return BigInt(seed) * 9_000_000_000_000n
    case 'float':
      return seed / 4
    case 'double':
      return seed / 3
    case 'decimal(9,2)':
      return BigInt(seed) - 400_000n
    case 'decimal(18,2)':
      return BigInt(seed) * -100_000_000_000n
    case 'boolean':
      return seed % 2 === 0
    case 'date':
      return seed % 40_000
    case 'timestamptz':
      return BigInt(seed) * 1_000_001n
    default:
      return `text ${seed} ü😀`
  }
}

/** A value as a cell under the names and types of today. */
function cellOf(shape: Shape, value: Value): Cell {
  if (value === null) return null
  if (typeof shape === 'string') {
    // An int that was promoted is read as a long.
    return shape === 'long' && typeof value === 'number' ? BigInt(value) : (value as Cell)
  }
  if (shape.kind === 'struct') {
    const { members } = value as { readonly members: ReadonlyMap<number, Value> }
    return Object.fromEntries(shape.fields.map(node => [node.name, cellOf(node.type, members.get(node.uid) ?? null)]))
  }
  const items = value as readonly Value[]
  if (shape.kind === 'list') return items.map(item => cellOf(shape.element, item))
  return items.map(item => {
    const [key, mapped] = item as readonly [Value, Value]
    return [cellOf(shape.key, key), cellOf(shape.value, mapped)]
  })
}
