package dev.countersign.sts;

import dev.countersign.policy.Attribute;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Facts about people that their tokens do not carry.
public interface AttributeStore {
  /// The attribute that holds a delivery address for one-time codes.
  String MAIL = "mail";

  /// The named attributes of one person, as far as they are known.
  Map<String, Attribute> of(String subject, Set<String> names);

  /// Writes one attribute, over an older value.
  ///
  /// @param subject the person's key, `<anchor>|<stable id>`
  /// @param source who says so, such as `import`
  void upsert(String subject, String name, JsonNode value, String source, Instant at);
}
