package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Makes a tool of a server's approved definition and the operator's mapping.
public final class ForeignTools {
  private ForeignTools() {}

  /// How it ended.
  public sealed interface Made {
    /// A tool that may be listed and called.
    record Usable(Tool tool) implements Made {}

    /// The mapping and the definition do not fit.
    record Unusable(List<String> problems) implements Made {
      public Unusable {
        problems = List.copyOf(problems);
      }
    }
  }

  /// Makes one tool.
  ///
  /// @param definition approved, or about to be
  public static Made make(Server server, String tool, Mapping mapping, ObjectNode definition) {
    var problems = new ArrayList<String>();
    Consumer<String> inSchema = text -> problems.add("inputSchema: " + text);
    if (!(definition.path("inputSchema") instanceof ObjectNode source)) {
      return new Made.Unusable(List.of("inputSchema: missing"));
    }
    ArgumentSchema schema = ArgumentSchema.ofForeign(source, inSchema);
    schema.checkDefaults(inSchema);
    RarTemplate details =
        RarTemplate.compile(mapping.rar(), schema.source(), text -> problems.add("rar: " + text));
    JsonNode properties = schema.source().path("properties");
    for (String argument :
        mapping.idempotency().map(Tool.Idempotency::arguments).orElse(List.of())) {
      if (!properties.has(argument)) {
        problems.add("idempotency.key: `" + argument + "` is no property of inputSchema");
      }
    }
    if (!problems.isEmpty()) {
      return new Made.Unusable(problems.stream().distinct().toList());
    }
    ObjectNode shown = StrictJson.object().put("name", mapping.name());
    // What a model may read; an outputSchema would also bind our refusals, which have their own.
    for (String member : Set.of("title", "description")) {
      Optional.of(definition.path(member))
          .filter(JsonNode::isString)
          .ifPresent(text -> shown.set(member, text));
    }
    shown.set("inputSchema", schema.source());
    if (definition.path("annotations") instanceof ObjectNode annotations) {
      shown.set("annotations", annotations.deepCopy());
    }
    return new Made.Usable(
        new Tool(
            mapping.name(),
            shown,
            schema,
            details,
            mapping.versions(),
            new Tool.Grant(mapping.scope(), server.audience()),
            mapping.idempotency(),
            new Work.Forward(server.name(), tool)));
  }
}
