package dev.countersign.houserules;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.countersign.protocol.StrictJson;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The published schema of `countersign.yaml`: editors complete by it, so it must be a schema, and
/// every configuration in the tree must satisfy it.
class ConfigSchemaTest {
  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final ObjectNode PUBLISHED =
      StrictJson.parseObject(Repository.read(Path.of("docs/countersign.schema.json")));

  @Test
  void itIsASchema() {
    Schema metaSchema =
        REGISTRY.getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));

    assertThat(metaSchema.validate(PUBLISHED)).isEmpty();
  }

  @Test
  void itExplainsEveryKey() {
    var unexplained = new ArrayList<String>();
    collectUnexplained(PUBLISHED, "", unexplained);

    assertThat(unexplained).isEmpty();
  }

  static Stream<Path> configurations() {
    return Repository.withExtension("yaml").stream()
        .filter(file -> file.endsWith("countersign.yaml"));
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void aConfigurationInTheTreeSatisfiesIt(Path file) {
    Object yaml = new Load(LoadSettings.builder().build()).loadFromString(Repository.read(file));
    JsonNode configuration = JsonMapper.shared().valueToTree(yaml);

    assertThat(REGISTRY.getSchema(PUBLISHED).validate(configuration)).isEmpty();
  }

  private static void collectUnexplained(JsonNode schema, String path, List<String> unexplained) {
    for (var property : schema.path("properties").properties()) {
      String key = path + "." + property.getKey();
      if (!property.getValue().has("description")) {
        unexplained.add(key);
      }
      collectUnexplained(property.getValue(), key, unexplained);
    }
    if (schema.path("additionalProperties").isObject()) {
      collectUnexplained(schema.path("additionalProperties"), path + ".*", unexplained);
    }
    if (schema.path("items").isObject()) {
      collectUnexplained(schema.path("items"), path + "[]", unexplained);
    }
  }
}
