"""Evolves tables by PyIceberg when told to, and says how many milliseconds each took.

Arguments: a folder for the catalog. Each line on standard input is a metadata
file; it is registered as a table, then loaded and given a column, and the time
from loading to the commit goes to standard output.
"""

import sys
import time

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import StringType

folder = sys.argv[1]
catalog = SqlCatalog("bench", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse")
catalog.create_namespace("bench")
print("ready", flush=True)
for n, line in enumerate(sys.stdin):
    name = f"bench.t{n}"
    catalog.register_table(name, line.rstrip("\n"))
    start = time.perf_counter()
    table = catalog.load_table(name)
    with table.update_schema() as update:
        update.add_column("stop_reason", StringType(), doc="A column that a user added.")
    milliseconds = (time.perf_counter() - start) * 1000
    assert len(table.metadata.schemas) == 2
    print(milliseconds, flush=True)
