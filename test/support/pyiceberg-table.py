# Makes a table as PyIceberg makes it, in a SQL catalog of its own; prints the table's directory.
import os
import sys

import pyarrow
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import IdentityTransform, TruncateTransform
from pyiceberg.types import (
    DecimalType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

place = sys.argv[1]
os.makedirs(place)
catalog = SqlCatalog('test', uri=f'sqlite:///{place}/catalog.db', warehouse=f'file://{place}/warehouse')
catalog.create_namespace('shop')
origin = StructType(NestedField(20, 'host', StringType(), required=True, doc='Where.'), NestedField(21, 'port', IntegerType()))
table = catalog.create_table(
    'shop.orders',
    Schema(
        NestedField(1, 'id', LongType(), required=True, doc='Counts the orders.'),
        NestedField(2, 'origin', origin, required=True),
        NestedField(3, 'tags', ListType(30, StringType(), element_required=False)),
        NestedField(4, 'counts', MapType(40, StringType(), 41, IntegerType(), value_required=False)),
        NestedField(5, 'region', StringType()),
        NestedField(6, 'at', TimestamptzType()),
        NestedField(7, 'total', DecimalType(12, 3)),
        identifier_field_ids=[1, 20],
    ),
    partition_spec=PartitionSpec(PartitionField(5, 1000, IdentityTransform(), 'region')),
    sort_order=SortOrder(
        SortField(6, IdentityTransform(), SortDirection.DESC, NullOrder.NULLS_LAST),
        SortField(20, TruncateTransform(3), SortDirection.ASC, NullOrder.NULLS_FIRST),
    ),
    properties={'format-version': '2'},
)
rows = [
    {'id': 1, 'origin': {'host': 'a', 'port': 1}, 'tags': ['x', None], 'counts': [('k', 1)], 'region': 'north'},
    {'id': 2, 'origin': {'host': 'b', 'port': None}, 'tags': [], 'counts': [], 'region': 'south'},
    {'id': 3, 'origin': {'host': 'ü', 'port': 3}, 'tags': ['y'], 'counts': [('k', None)], 'region': 'north'},
]
table.append(pyarrow.Table.from_pylist(rows, schema=table.schema().as_arrow()))
with table.update_schema() as update:
    update.add_column('note', StringType())
print(table.location().removeprefix('file://'))
