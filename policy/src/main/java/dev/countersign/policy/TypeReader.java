package dev.countersign.policy;

import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the definitions of types.
///
/// ```yaml
/// types:
///   - name: urn:example:refund
///     version: 2           # default 1; the broker refuses tokens of a version it does not know
///     sentence: Refund {/amount:money(/currency)}
///     narrows: {/amount: at-most}
///     schema: …            # a JSON Schema, or the path of a file that holds one
/// ```
final class TypeReader {
  private static final String BUILT_IN = "vault-path-access.json";
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9+.:/_-]{0,127}");

  private final Problems problems;
  private final SortedMap<String, RegisteredType> types = new TreeMap<>();
  private final SortedMap<String, ObjectNode> definitions = new TreeMap<>();

  TypeReader(Problems problems) {
    this.problems = problems;
  }

  TypeRegistry read(ConfigSection file) {
    builtIn();
    for (ConfigSection type : file.sections("types")) {
      String name = type.text("name");
      long version = type.integer("version", TypeVersions.FIRST);
      String sentence = type.text("sentence");
      List<String> redacted = type.texts("redact");
      var narrows = new TreeMap<String, String>();
      type.optionalSection("narrows")
          .ifPresent(map -> map.keys().forEach(at -> narrows.put(at, map.text(at))));
      Optional<ObjectNode> schema = schema(type);
      type.done();
      if (!name.isEmpty() && !NAME.matcher(name).matches()) {
        type.problem("name", "must be a URI or name without blanks");
      } else if (types.containsKey(name)) {
        type.problem("name", "there is already a type of this name");
      } else if (!TypeVersions.isVersion(version)) {
        type.problem("version", "must be a whole number from 1");
      } else if (schema.isPresent()) {
        add(
            name,
            (int) version,
            schema.get(),
            sentence,
            redacted,
            narrows,
            (pointer, message) -> complain(type, pointer, message),
            (_, message) -> type.problem("sentence", message),
            (_, message) -> type.problem("redact", message),
            (pointer, message) -> type.problem("narrows", pointer + " " + message));
      }
    }
    file.done();
    ObjectNode content = StrictJson.object();
    ArrayNode list = content.putArray("types");
    definitions.values().forEach(list::add);
    return new TypeRegistry(types, content);
  }

  private Optional<ObjectNode> schema(ConfigSection type) {
    JsonNode inline = type.tree("schema");
    if (inline instanceof ObjectNode schema) {
      return Optional.of(schema);
    }
    if (!inline.isString()) {
      type.problem("schema", "missing; a JSON Schema or the path of one is needed here");
      return Optional.empty();
    }
    ConfigSection file = ConfigFile.read(type.path("schema"), problems);
    ObjectNode schema = StrictJson.object();
    file.keys().forEach(key -> schema.set(key, file.tree(key)));
    return Optional.of(schema);
  }

  private void add(
      String name,
      int version,
      ObjectNode schema,
      String template,
      List<String> redacted,
      SortedMap<String, String> narrows,
      Complaints aboutSchema,
      Complaints aboutSentence,
      Complaints aboutRedaction,
      Complaints aboutNarrowing) {
    var complaints = new Counting(aboutSchema);
    SchemaReader.Read read = SchemaReader.element(name, schema, complaints);
    Sentence sentence = Sentence.parse(template, read.shape(), aboutSentence);
    if (complaints.count == 0 && read.shape() instanceof Shape.Members shape) {
      redacted.stream()
          .filter(pointer -> !pointer.startsWith("/") || shape.find(pointer).isEmpty())
          .forEach(pointer ->
              aboutRedaction.at(
                  pointer, "names no member of the type; one is /operationDetails/account"));
      types.put(
          name,
          new RegisteredType(
              name,
              version,
              shape,
              new StrictSchema(read.schema()),
              sentence,
              new Redaction(redacted),
              narrowing(narrows, shape, aboutNarrowing)));
      ObjectNode definition = StrictJson.object().put("name", name).put("sentence", template);
      if (version != TypeVersions.FIRST) {
        definition.put("version", version);
      }
      definition.set("schema", schema);
      if (!redacted.isEmpty()) {
        redacted.forEach(definition.putArray("redact")::add);
      }
      if (!narrows.isEmpty()) {
        narrows.forEach(definition.putObject("narrows")::put);
      }
      definitions.put(name, definition);
    }
  }

  private static Narrowing narrowing(
      SortedMap<String, String> narrows, Shape shape, Complaints complaints) {
    var rules = new TreeMap<String, Narrowing.Less>();
    narrows.forEach((pointer, word) -> {
      Optional<Narrowing.Less> less = Narrowing.Less.of(word);
      Optional<Shape.Found> member =
          pointer.startsWith("/") ? shape.find(pointer) : Optional.empty();
      if (member.isEmpty()) {
        complaints.at(pointer, "names no member of the type; one is /operationDetails/amount");
      } else if (less.isEmpty()) {
        complaints.at(pointer, "must be one of " + Narrowing.Less.words());
      } else if (!less.get().suits(member.get().shape())) {
        complaints.at(pointer, "is not of a kind that `" + word + "` can compare");
      } else {
        rules.put(pointer, less.get());
      }
    });
    return new Narrowing(rules);
  }

  /// Leads to the line of the innermost mapping or value that the file has on the way.
  private void complain(ConfigSection type, String pointer, String message) {
    ConfigSection section = type;
    String key = "schema";
    String rest = pointer;
    while (!rest.isEmpty() && section.tree(key).isObject()) {
      int end = rest.indexOf('/', 1);
      String step = end < 0 ? rest.substring(1) : rest.substring(1, end);
      section = section.section(key);
      key = step.replace("~1", "/").replace("~0", "~");
      rest = end < 0 ? "" : rest.substring(end);
    }
    section.problem(key, rest.isEmpty() ? message : "at " + rest + ": " + message);
  }

  private void builtIn() {
    try (InputStream resource = TypeReader.class.getResourceAsStream(BUILT_IN)) {
      if (resource == null) {
        throw new IllegalStateException("the built-in types are missing from this build");
      }
      ObjectNode definition = StrictJson.parseObject(resource.readAllBytes());
      Complaints bug =
          (pointer, message) -> {
            throw new IllegalStateException(BUILT_IN + " " + pointer + ": " + message);
          };
      add(
          definition.path("name").stringValue(),
          TypeVersions.FIRST,
          (ObjectNode) definition.path("schema"),
          definition.path("sentence").stringValue(),
          List.of(),
          new TreeMap<>(),
          bug,
          bug,
          bug,
          bug);
      definitions.clear(); // comes with every program
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    } catch (MalformedJsonException malformed) {
      throw new IllegalStateException(BUILT_IN, malformed);
    }
  }

  /// Remembers whether there was anything to complain about.
  private static final class Counting implements Complaints {
    private final Complaints complaints;
    private int count;

    Counting(Complaints complaints) {
      this.complaints = complaints;
    }

    @Override
    public void at(String pointer, String message) {
      count++;
      complaints.at(pointer, message);
    }
  }
}
