package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.protocol.StrictJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/// The schemas that editors complete with say the same as the readers.
class EditorSchemasTest {

  @ParameterizedTest
  @ValueSource(strings = {"policy", "types"})
  void acceptTheExample(String name) throws IOException {
    assertThat(schema(name).validate(tree(Refunds.EXAMPLE.resolve(name + ".yaml")))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"records", "bulk-export", "payments", "after-hours"})
  void acceptTheOtherExamples(String example) throws IOException {
    for (String name : List.of("policy", "types")) {
      Path file = Refunds.EXAMPLE.resolveSibling(example).resolve(name + ".yaml");
      assertThat(schema(name).validate(tree(file))).as(name).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"policy", "types"})
  void refuseAnUnknownKey(String name) throws IOException {
    ObjectNode tree = tree(Refunds.EXAMPLE.resolve(name + ".yaml"));
    tree.put("unknown", 1);

    assertThat(schema(name).validate(tree)).isNotEmpty();
  }

  private static Schema schema(String name) throws IOException {
    try (InputStream resource = Policy.class.getResourceAsStream(name + ".schema.json")) {
      assertThat(resource).isNotNull();
      return SchemaRegistry.withDialect(Dialects.getDraft202012())
          .getSchema(StrictJson.parse(resource.readAllBytes()));
    }
  }

  private static ObjectNode tree(Path file) {
    ConfigSection section = ConfigFile.read(file, new Problems());
    ObjectNode tree = StrictJson.object();
    section.keys().forEach(key -> tree.set(key, section.tree(key)));
    return tree;
  }
}
