import type { Plan, PlannedChange } from '../../src/schema/plan.ts'
import type { RuleCode } from '../../src/schema/rules.ts'
import type { Pair } from './differential-pairs.ts'

/*
 * Where this program and others differ on purpose, or because they err. The
 * page docs/differences.md tells the same with the reasons; a test holds the
 * two together, and others show that each difference is there.
 */

export type Engine = 'java' | 'pyiceberg'

/** What is refused here and done by UpdateSchema of another engine. */
export interface KnownDifference {
  /** As on the page. */
  readonly id: string
  readonly code: RuleCode
  readonly doneBy: readonly Engine[]
  readonly matches: (change: PlannedChange) => boolean
}

const always = (): boolean => true
const both: readonly Engine[] = ['java', 'pyiceberg']

export const knownDifferences: readonly KnownDifference[] = [
  { id: 'D1', code: 'BR204', doneBy: both, matches: always },
  { id: 'D2', code: 'BR206', doneBy: both, matches: always },
  { id: 'D3', code: 'BR207', doneBy: both, matches: always },
  { id: 'D4', code: 'BR209', doneBy: both, matches: always },
  { id: 'D5', code: 'BR211', doneBy: both, matches: ({ fieldId }) => fieldId !== null },
  { id: 'D6', code: 'BR211', doneBy: ['pyiceberg'], matches: ({ fieldId }) => fieldId === null },
  { id: 'D7', code: 'BR212', doneBy: ['pyiceberg'], matches: always },
  { id: 'D8', code: 'BR202', doneBy: ['pyiceberg'], matches: ({ path, change }) => !isInKey(path) && isAlike(change) },
  { id: 'D9', code: 'BR218', doneBy: both, matches: always },
]

function isInKey(path: string): boolean {
  return /\.key(\.|$)/.test(path)
}

function isAlike(change: string): boolean {
  if (['fixed[16] -> uuid', 'string -> binary', 'binary -> string'].includes(change)) return true
  const decimals = /^decimal\((\d+),(\d+)\) -> decimal\((\d+),(\d+)\)$/.exec(change)
  if (decimals === null) return false
  const [precision = 0, scale, nextPrecision = 0, nextScale] = decimals.slice(1).map(Number)
  return scale !== nextScale && precision <= nextPrecision
}

/** The difference that a refused change of a plan is for an engine; undefined where the engine has to refuse it too. */
function knownFor(
  engine: Engine,
  change: PlannedChange,
  changes: readonly PlannedChange[],
): KnownDifference | undefined {
  // Whether a required column can be added is a matter of its default.
  const isItsDefault = ({ code, path }: PlannedChange): boolean => code === 'BR211' && path === change.path
  const decisive = (change.code === 'BR201' ? changes.find(isItsDefault) : undefined) ?? change
  return knownDifferences.find(
    ({ code, doneBy, matches }) => code === decisive.code && doneBy.includes(engine) && matches(decisive),
  )
}

/** Whether an engine does some changes of a plan though they are refused here; with none refused, whether it does them. */
export function isDoneBy(engine: Engine, changes: readonly PlannedChange[]): boolean {
  return changes.every(change => change.kind !== 'breaking' || knownFor(engine, change, changes) !== undefined)
}

/** Why an engine cannot read the rows of a table after some changes, or reads them wrong. */
export interface KnownMisreading {
  /** As on the page. */
  readonly id: string
  readonly engine: Engine
  readonly applies: (changes: readonly PlannedChange[], partition: string | undefined) => boolean
}

/** Whether what an engine reads of a table cannot be compared. */
export function isMisread(engine: Engine, { before }: Pair, { changes }: Plan): boolean {
  const { partitionBy, columns } = before
  const [part] = partitionBy
  const source = columns.find(({ name }) => name === part?.column)
  const partition = part === undefined ? undefined : `${part.transform} ${source?.type as string}`
  return knownMisreadings.some(known => known.engine === engine && known.applies(changes, partition))
}

export const knownMisreadings: readonly KnownMisreading[] = [
  { id: 'R1', engine: 'java', applies: (_changes, partition) => partition?.startsWith('identity fixed[') ?? false },
  { id: 'R2', engine: 'pyiceberg', applies: changes => changes.some(addsRequiredToElement) },
  { id: 'R3', engine: 'pyiceberg', applies: changes => changes.some(renamesTwiceInside) },
  // Not left out: differential-reading.ts takes both for one.
  { id: 'R4', engine: 'pyiceberg', applies: () => false },
]

/** An optional struct with a required member that is new in what a list is of. */
function addsRequiredToElement({ code, path, change }: PlannedChange): boolean {
  const containers = path.split('.').filter(part => part === 'element' || part === 'value')
  return code === 'AD101' && containers.at(-1) === 'element' && change.includes('struct<')
}

/** A member of a struct in a list or map that is itself what a list or map is of. */
function renamesTwiceInside({ code, path }: PlannedChange): boolean {
  return code === 'AD106' && /\.(element|value)\.(element|value)\./.test(path)
}
