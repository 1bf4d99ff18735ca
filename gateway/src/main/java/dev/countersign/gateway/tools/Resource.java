package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// Something that agents may read by its address. What they see of it are the operator's words,
/// never those of a server behind us.
///
/// @param shown title, description and type, as the lists publish them
/// @param mimeType of what a read returns
/// @param values what may be proposed for each variable
public record Resource(
    String name,
    UriTemplate uri,
    ObjectNode shown,
    String mimeType,
    Map<String, List<String>> values,
    Source source) {
  public Resource {
    values = Map.copyOf(values);
    shown = shown.deepCopy();
  }

  /// What `resources/list` or `resources/templates/list` publishes.
  public ObjectNode definition() {
    ObjectNode definition = StrictJson.object().put("name", name);
    definition.put(uri.isExact() ? "uri" : "uriTemplate", uri.text());
    definition.setAll(shown.deepCopy());
    if (source instanceof Source.Guarded(Tool tool)) {
      definition.set("_meta", tool.definition().path("_meta"));
    }
    return definition.put("mimeType", mimeType);
  }

  /// Where a read gets its content.
  public sealed interface Source {
    /// The configuration: nobody's data.
    record Text(String text) implements Source {}

    /// A guarded call, whose arguments are the variables of the address.
    record Guarded(Tool tool) implements Source {}
  }
}
