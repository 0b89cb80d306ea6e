"""Changes schemas with PyIceberg, for tests.

One request a line on standard input, one answer a line on standard output, both JSON.
`{file, ops}` is answered by the schema after the operations, or by the reason why PyIceberg refuses them.
Nothing is written: the transaction is never committed.
"""

import json
import sys

from pyiceberg.exceptions import ValidationError
from pyiceberg.schema import Schema
from pyiceberg.table import StaticTable, Transaction


def column(op):
    fields = [op["column"]]
    return Schema.model_validate({"type": "struct", "schema-id": 0, "fields": fields}).fields[0]


def operation(op):
    """Takes a request apart before anything is tried, so that a mistake in it is not taken for a refusal."""
    what = op["op"]
    path = tuple(op["path"].split(".")) if "path" in op else None
    if what == "add":
        added = column(op)
        parent = () if op["parent"] is None else tuple(op["parent"].split("."))
        return lambda update: update.add_column(
            (*parent, added.name),
            added.field_type,
            doc=added.doc,
            required=added.required,
            default_value=added.initial_default,
        )
    if what == "type":
        wanted = column(op).field_type
        return lambda update: update.update_column(path, field_type=wanted)
    if what == "default":
        written = column(op).write_default
        return lambda update: update.set_default_value(path, written)
    if what == "optional":
        return lambda update: update.make_column_optional(path)
    if what == "require":
        return lambda update: update.update_column(path, required=True)
    if what == "doc":
        return lambda update: update.update_column(path, doc=op["doc"])
    if what == "rename":
        return lambda update: update.rename_column(path, op["to"])
    if what == "delete":
        return lambda update: update.delete_column(path)
    if what == "first":
        return lambda update: update.move_first(path)
    if what == "after":
        return lambda update: update.move_after(path, tuple(op["other"].split(".")))
    if what == "identifier":
        return lambda update: update.set_identifier_fields(*op["names"])
    raise KeyError(f"no such operation: {what}")


def change(file, ops):
    transaction = Transaction(StaticTable.from_metadata(file), autocommit=False)
    operations = [operation(op) for op in ops]
    try:
        update = transaction.update_schema()
        for each in operations:
            each(update)
        update.commit()
        return {"schema": json.loads(transaction.table_metadata.schema().model_dump_json())}
    except (ValidationError, ValueError) as error:
        return {"refused": str(error)}


def main():
    for line in sys.stdin:
        try:
            answer = {"answer": change(**json.loads(line))}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
