import {
  type Binary,
  type BinaryView,
  type Data,
  type Date_,
  type Decimal,
  type Field,
  type FixedSizeBinary,
  type FixedSizeList,
  type Float,
  type Int,
  type List,
  type Map_,
  type Struct,
  type Time,
  type Timestamp,
  Type,
  type Utf8,
  type Utf8View,
} from 'apache-arrow'
import { bodyInvalid } from '../body-invalid.ts'
import { outside, type Print } from './print.ts'
import {
  bytesBetween,
  bytesOfViews,
  bytesOfWidth,
  bytesPrinter,
  isUuid,
  textPrinter,
  uuidPrinter,
} from './print-bytes.ts'
import {
  listPrinter,
  type Members,
  mapPrinter,
  objectPrinter,
  rangeBetween,
  rangeOfSize,
  structChildren,
} from './print-nested.ts'
import {
  datePrinter,
  decimalPrinter,
  floatPrinter,
  integerPrinter,
  timePrinter,
  timestampPrinter,
} from './print-number.ts'

/** Where a field says the name of a type that stands over its own. */
const extensionName = 'ARROW:extension:name'

/** An Arrow column and what it is called. */
interface Column {
  readonly data: Data
  readonly path: string
  readonly extension?: string | undefined
}

/**
 * Members of an object, one for each column.
 * @throws HypError BODY_INVALID for two of one name, of which JSON would keep one
 */
export function memberPrinters(fields: readonly Field[], columns: readonly Data[], prefix: string): Members {
  const names = new Set<string>()
  return fields.map(({ name, metadata }, index) => {
    const path = `${prefix}${name}`
    if (names.has(name)) throw bodyInvalid(`The Arrow stream has two columns ${JSON.stringify(path)}`)
    names.add(name)
    const extension = metadata.get(extensionName)
    return { name, print: printer({ data: columns[index] ?? outside(), path, extension }) }
  })
}

/** Prints the values of a column in the form that the same rows would have as NDJSON. */
function printer(column: Column): Print {
  const { data } = column
  const { nullBitmap: bits, nullCount } = data
  const print = valuePrinter(column)
  // All values of the type that has none but nulls are, without a bitmap.
  if (nullCount === 0 || data.type.typeId === Type.Null) return print
  if (bits.length * 8 < data.length) outside()
  return index => (((bits[index >> 3] as number) >> (index & 7)) & 1 ? print(index) : 'null')
}

function valuePrinter({ data, path, extension }: Column): Print {
  switch (data.type.typeId) {
    case Type.Null:
      return () => 'null'
    case Type.Bool:
      return bitPrinter(data)
    case Type.Int:
      return integerPrinter(data as Data<Int>)
    case Type.Float:
      return floatPrinter(data as Data<Float>)
    case Type.Decimal:
      return decimalPrinter(data as Data<Decimal>)
    case Type.Date:
      return datePrinter(data as Data<Date_>)
    case Type.Time:
      return timePrinter(data as Data<Time>)
    case Type.Timestamp:
      return timestampPrinter(data as Data<Timestamp>)
    case Type.Utf8:
    case Type.LargeUtf8:
      return textPrinter(bytesBetween(data as Data<Utf8>), path)
    case Type.Utf8View:
      return textPrinter(bytesOfViews(data as Data<Utf8View>), path)
    case Type.Binary:
    case Type.LargeBinary:
      return bytesPrinter(bytesBetween(data as Data<Binary>))
    case Type.BinaryView:
      return bytesPrinter(bytesOfViews(data as Data<BinaryView>))
    case Type.FixedSizeBinary: {
      const bytes = bytesOfWidth(data as Data<FixedSizeBinary>)
      return isUuid(data.type, extension) ? uuidPrinter(bytes) : bytesPrinter(bytes)
    }
    case Type.List:
    case Type.LargeList:
      return listPrinter(rangeBetween(data as Data<List>), elementPrinter(data, path))
    case Type.FixedSizeList:
      return listPrinter(rangeOfSize(data as Data<FixedSizeList>), elementPrinter(data, path))
    case Type.Struct:
      return objectPrinter(memberPrinters(data.type.children, structChildren(data as Data<Struct>), `${path}.`))
    case Type.Map: {
      const entries = data.children[0] ?? outside()
      const [key, value] = structChildren(entries as Data<Struct>)
      const printKey = printer({ data: key ?? outside(), path: `${path}.key` })
      const printValue = printer({ data: value ?? outside(), path: `${path}.value` })
      return mapPrinter(rangeBetween(data as Data<Map_>), printKey, printValue, path)
    }
    case Type.Dictionary:
      return dictionaryPrinter(data, path)
    default:
      return outside()
  }
}

function elementPrinter({ type, children }: Data, path: string): Print {
  const extension = type.children[0]?.metadata.get(extensionName)
  return printer({ data: children[0] ?? outside(), path: `${path}.element`, extension })
}

function bitPrinter({ values }: Data): Print {
  const bits = values as Uint8Array
  return index => (((bits[index >> 3] ?? outside()) >> (index & 7)) & 1 ? 'true' : 'false')
}

/** Values that stand once in a dictionary, and by their places in the column. */
function dictionaryPrinter({ values, dictionary }: Data, path: string): Print {
  const places = values as ArrayLike<number | bigint>
  let first = 0
  const chunks = (dictionary ?? outside()).data.map(data => {
    const chunk = { first, end: first + data.length, print: printer({ data, path }) }
    first = chunk.end
    return chunk
  })
  return index => {
    const place = Number(places[index] ?? outside())
    const chunk = chunks.find(({ first: start, end }) => place >= start && place < end) ?? outside()
    return chunk.print(place - chunk.first)
  }
}
