"""Reads Iceberg tables and Avro files with PyIceberg and fastavro, for tests.

One request a line on standard input, one answer a line on standard output, both JSON.
Values come in one spelling each, whatever the library calls them, see canonical().
"""

import datetime
import decimal
import json
import sys
import uuid

import fastavro
import pyarrow as pa
from pyiceberg.expressions import EqualTo
from pyiceberg.table import StaticTable

DAY = datetime.date(1970, 1, 1)
LOCAL = datetime.datetime(1970, 1, 1)
UTC = LOCAL.replace(tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def canonical(value):
    """A value as JSON that loses nothing: integers as digits, instants as microseconds, bytes as hex."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"integer": str(value)}
    if isinstance(value, float):
        return {"floating": repr(value)}
    if isinstance(value, decimal.Decimal):
        return {"decimal": format(value, "f")}
    if isinstance(value, datetime.datetime):
        return {"micros": str((value - (LOCAL if value.tzinfo is None else UTC)) // MICROSECOND)}
    if isinstance(value, datetime.date):
        return {"days": (value - DAY).days}
    if isinstance(value, datetime.time):
        since = datetime.timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
        return {"micros": str(since // MICROSECOND + value.microsecond)}
    if isinstance(value, uuid.UUID):
        return {"uuid": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {"struct": {name: canonical(item) for name, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    raise TypeError(f"no spelling for {type(value)}")


def type_name(arrow):
    """An Arrow type in Iceberg's words; `!` behind what cannot be null."""
    if isinstance(arrow, pa.UuidType):
        return "uuid"
    if pa.types.is_struct(arrow):
        return f"struct<{', '.join(f'{arrow.field(i).name}: {field_type(arrow.field(i))}' for i in range(arrow.num_fields))}>"
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        return f"list<{field_type(arrow.value_field)}>"
    if pa.types.is_map(arrow):
        return f"map<{type_name(arrow.key_type)}, {field_type(arrow.item_field)}>"
    if pa.types.is_decimal(arrow):
        return f"decimal({arrow.precision},{arrow.scale})"
    if pa.types.is_fixed_size_binary(arrow):
        return f"fixed[{arrow.byte_width}]"
    if pa.types.is_timestamp(arrow):
        return {("us", None): "timestamp", ("us", "UTC"): "timestamptz"}.get((arrow.unit, arrow.tz), str(arrow))
    names = {
        pa.bool_(): "boolean",
        pa.int32(): "int",
        pa.int64(): "long",
        pa.float32(): "float",
        pa.float64(): "double",
        pa.date32(): "date",
        pa.time64("us"): "time",
        pa.string(): "string",
        pa.large_string(): "string",
        pa.binary(): "binary",
        pa.large_binary(): "binary",
    }
    return names.get(arrow, str(arrow))


def field_type(field):
    return type_name(field.type) + ("" if field.nullable else "!")


def read_table(file, where=None):
    """Rows of the table that a metadata file describes, all or those with a value in a column, and the types of its columns."""
    table = StaticTable.from_metadata(file)
    rows = (table.scan() if where is None else table.scan(row_filter=EqualTo(*where))).to_arrow()
    return {
        "types": [[field.name, field_type(field)] for field in rows.schema],
        "rows": [{name: canonical(value) for name, value in row.items()} for row in rows.to_pylist()],
    }


def read_avro(file):
    """The schema, the metadata and the records of an Avro file."""
    with open(file, "rb") as stream:
        reader = fastavro.reader(stream)
        records = [canonical(record) for record in reader]
        metadata = {key: value for key, value in reader.metadata.items()}
    return {"schema": json.loads(metadata["avro.schema"]), "metadata": metadata, "records": records}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        try:
            read = {"table": read_table, "avro": read_avro}[request.pop("read")]
            answer = {"answer": read(**request)}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
