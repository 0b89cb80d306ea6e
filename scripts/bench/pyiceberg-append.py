"""Appends the rows of Parquet files to a new table by PyIceberg, and says what that took.

Arguments: a folder for the catalog, then the Parquet files. They are read as
Arrow tables outside of the time. Says one line: milliseconds and rows.
"""

import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

BATCH_ROWS = 50_000

folder, *paths = sys.argv[1:]
catalog = SqlCatalog("bench", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse")
catalog.create_namespace("bench")


def plain(schema: pa.Schema) -> pa.Schema:
    """The same columns without what another table says of them."""
    return pa.schema([pa.field(field.name, field.type) for field in schema])


schema = plain(pq.read_schema(paths[0]))
table = catalog.create_table(
    "bench.rows", schema=schema, properties={"write.parquet.compression-codec": "snappy"}
)
milliseconds = 0.0
rows = 0
gathered: list[pa.Table] = []


def append() -> None:
    global milliseconds, rows
    batch = pa.concat_tables(gathered).combine_chunks()
    gathered.clear()
    start = time.perf_counter()
    table.append(batch)
    milliseconds += (time.perf_counter() - start) * 1000
    rows += batch.num_rows


for path in paths:
    for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
        gathered.append(pa.Table.from_batches([batch]).cast(schema))
        if sum(part.num_rows for part in gathered) >= BATCH_ROWS:
            append()
if gathered:
    append()
print(milliseconds, rows, flush=True)
