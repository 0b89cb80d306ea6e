import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.BaseTable;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SchemaParser;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableOperations;
import org.apache.iceberg.UpdateSchema;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.exceptions.ValidationException;
import org.apache.iceberg.expressions.Literal;
import org.apache.iceberg.hadoop.HadoopTables;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.LocationProvider;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/**
 * Changes schemas and reads rows with Java's Iceberg, for tests.
 *
 * <p>One request a line on standard input, one answer a line on standard output, both JSON.
 * `{do: "update", table, ops}` is answered by the schema after the operations, or by the reason why Iceberg
 * refuses them; `{do: "rows", table}` by the columns and rows of a table, values spelled as in foreign-cells.ts.
 */
public final class Main {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final OffsetDateTime EPOCH = OffsetDateTime.of(1970, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
  private static final HadoopTables TABLES = new HadoopTables(new Configuration());

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        JsonNode request = JSON.readTree(line);
        Table table = TABLES.load(request.get("table").asText());
        String what = request.get("do").asText();
        if (what.equals("update")) answer.set("answer", update(table, request.get("ops")));
        else if (what.equals("rows")) answer.set("answer", rows(table));
        else throw new IllegalArgumentException("no such request: " + what);
      } catch (Exception e) {
        answer.removeAll();
        answer.put("error", e.toString());
      }
      out.println(JSON.writeValueAsString(answer));
    }
  }

  /** Applies operations to the table's metadata in memory; nothing is written. */
  private static JsonNode update(Table table, JsonNode ops) throws Exception {
    InMemory held = new InMemory(((HasTableOperations) table).operations());
    List<Operation> operations = new ArrayList<>();
    for (JsonNode op : ops) operations.add(operation(op));
    ObjectNode answer = JSON.createObjectNode();
    try {
      UpdateSchema update = new BaseTable(held, table.name()).updateSchema();
      for (Operation operation : operations) operation.on(update);
      update.commit();
    } catch (ValidationException | IllegalArgumentException | IllegalStateException e) {
      return answer.put("refused", String.valueOf(e.getMessage()));
    }
    answer.set("schema", JSON.readTree(SchemaParser.toJson(held.current().schema())));
    return answer;
  }

  private interface Operation {
    void on(UpdateSchema update);
  }

  /** Takes a request apart before anything is tried, so that a mistake in it is not taken for a refusal. */
  private static Operation operation(JsonNode op) throws Exception {
    String path = op.path("path").asText(null);
    switch (op.get("op").asText()) {
      case "add":
        Types.NestedField column = column(op);
        String parent = op.get("parent").isNull() ? null : op.get("parent").asText();
        Literal<?> initial = column.initialDefaultLiteral();
        return column.isOptional()
            ? update -> update.addColumn(parent, column.name(), column.type(), column.doc(), initial)
            : update -> update.addRequiredColumn(parent, column.name(), column.type(), column.doc(), initial);
      case "type":
        Type type = column(op).type();
        if (type.isPrimitiveType()) return update -> update.updateColumn(path, type.asPrimitiveType());
        // There is no operation for a nested type; a schema that has one at this place is what can be asked for.
        Schema like = SchemaParser.fromJson(JSON.writeValueAsString(op.get("like")));
        return update -> update.unionByNameWith(like);
      case "default":
        Literal<?> written = column(op).writeDefaultLiteral();
        return update -> update.updateColumnDefault(path, written);
      case "optional":
        return update -> update.makeColumnOptional(path);
      case "require":
        return update -> update.requireColumn(path);
      case "doc":
        String doc = op.get("doc").asText();
        return update -> update.updateColumnDoc(path, doc);
      case "rename":
        String to = op.get("to").asText();
        return update -> update.renameColumn(path, to);
      case "delete":
        return update -> update.deleteColumn(path);
      case "first":
        return update -> update.moveFirst(path);
      case "after":
        String other = op.get("other").asText();
        return update -> update.moveAfter(path, other);
      case "identifier":
        List<String> names = new ArrayList<>();
        op.get("names").forEach(name -> names.add(name.asText()));
        return update -> update.setIdentifierFields(names);
      default:
        throw new UnsupportedOperationException("no such operation: " + op);
    }
  }

  private static Types.NestedField column(JsonNode op) throws Exception {
    ObjectNode schema = JSON.createObjectNode().put("type", "struct").put("schema-id", 0);
    schema.putArray("fields").add(op.get("column"));
    return SchemaParser.fromJson(JSON.writeValueAsString(schema)).columns().get(0);
  }

  private static JsonNode rows(Table table) throws Exception {
    ObjectNode answer = JSON.createObjectNode();
    answer.set("schema", JSON.readTree(SchemaParser.toJson(table.schema())));
    ArrayNode rows = answer.putArray("rows");
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
      for (Record record : records) rows.add(members(table.schema().asStruct(), record));
    }
    return answer;
  }

  private static ObjectNode members(Types.StructType struct, StructLike value) {
    ObjectNode members = JSON.createObjectNode();
    List<Types.NestedField> fields = struct.fields();
    for (int i = 0; i < fields.size(); i++) {
      members.set(fields.get(i).name(), spelled(fields.get(i).type(), value.get(i, Object.class)));
    }
    return members;
  }

  private static JsonNode spelled(Type type, Object value) {
    if (value == null) return JSON.nullNode();
    switch (type.typeId()) {
      case BOOLEAN:
        return JSON.getNodeFactory().booleanNode((Boolean) value);
      case STRING:
        return JSON.getNodeFactory().textNode(value.toString());
      case INTEGER:
      case LONG:
        return word("integer", value.toString());
      case FLOAT:
      case DOUBLE:
        return word("floating", Double.toString(((Number) value).doubleValue()));
      case DATE:
        return JSON.createObjectNode().put("days", ((LocalDate) value).toEpochDay());
      case TIME:
        return word("micros", String.valueOf(((LocalTime) value).toNanoOfDay() / 1000));
      case TIMESTAMP:
        OffsetDateTime instant =
            value instanceof OffsetDateTime ? (OffsetDateTime) value : ((LocalDateTime) value).atOffset(ZoneOffset.UTC);
        return word("micros", String.valueOf(ChronoUnit.MICROS.between(EPOCH, instant)));
      case DECIMAL:
        return word("decimal", ((BigDecimal) value).toPlainString());
      case UUID:
        return word("uuid", value.toString());
      case FIXED:
        return word("bytes", HexFormat.of().formatHex((byte[]) value));
      case BINARY:
        ByteBuffer buffer = ((ByteBuffer) value).duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return word("bytes", HexFormat.of().formatHex(bytes));
      case STRUCT:
        return JSON.createObjectNode().set("struct", members(type.asStructType(), (StructLike) value));
      case LIST:
        ArrayNode items = JSON.createArrayNode();
        for (Object item : (List<?>) value) items.add(spelled(type.asListType().elementType(), item));
        return items;
      case MAP:
        ArrayNode entries = JSON.createArrayNode();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          entries
              .addArray()
              .add(spelled(type.asMapType().keyType(), entry.getKey()))
              .add(spelled(type.asMapType().valueType(), entry.getValue()));
        }
        return entries;
      default:
        throw new IllegalStateException("no spelling for " + type);
    }
  }

  private static ObjectNode word(String name, String value) {
    return JSON.createObjectNode().put(name, value);
  }

  /** Holds what is committed instead of writing it, so that one table serves many requests. */
  private static final class InMemory implements TableOperations {
    private final TableOperations on;
    private TableMetadata metadata;

    InMemory(TableOperations on) {
      this.on = on;
      this.metadata = on.current();
    }

    @Override
    public TableMetadata current() {
      return metadata;
    }

    @Override
    public TableMetadata refresh() {
      return metadata;
    }

    @Override
    public void commit(TableMetadata base, TableMetadata next) {
      if (base != metadata) throw new UnsupportedOperationException("a commit on something else");
      metadata = next;
    }

    @Override
    public FileIO io() {
      return on.io();
    }

    @Override
    public String metadataFileLocation(String name) {
      return on.metadataFileLocation(name);
    }

    @Override
    public LocationProvider locationProvider() {
      return on.locationProvider();
    }
  }
}
