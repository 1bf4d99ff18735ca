package dev.countersign.agent;

import static dev.countersign.agent.TemplateException.Problem.DIGEST_MISMATCH;
import static dev.countersign.agent.TemplateException.Problem.MALFORMED_TEMPLATE;
import static dev.countersign.agent.TemplateException.Problem.NO_TEMPLATE;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Which template a tool's calls are built from: the server's published one, held to a pinned
/// digest, or a local one for servers that publish none. Threads may share it.
///
/// ```json
/// {"tools": {"process_refund": {"digest": "8Nqm…"},
///            "pay": {"scope": "payment:write", "template": [{"type": "…", "amount": "=args.amount"}]}}}
/// ```
public final class Templates {
  private static final String PUBLISHED = "dev.countersign/rar";

  private final boolean trustsServer;
  private final Map<String, Entry> entries;

  private Templates(boolean trustsServer, Map<String, Entry> entries) {
    this.trustsServer = trustsServer;
    this.entries = entries;
  }

  /// One tool's template.
  ///
  /// @param scope what to ask the token service for
  /// @param inputSchema the tool's, for its defaults; empty if nobody told it
  public record Chosen(RarTemplate template, String scope, ObjectNode inputSchema) {}

  private record Entry(Optional<String> digest, Optional<Chosen> local) {}

  /// Takes whatever the server publishes, so that the server decides what is asked for in the
  /// person's name. For development, and where the server is one's own.
  public static Templates trustingTheServer() {
    return new Templates(true, Map.of());
  }

  /// Reads the JSON of a file of templates and pins; a tool that it does not name is not called.
  ///
  /// @throws TemplateException naming the tool and the member that is wrong
  public static Templates of(String json) {
    ObjectNode file;
    try {
      file = StrictJson.parseObject(json);
    } catch (MalformedJsonException malformed) {
      throw malformed("the file of templates: " + malformed.getMessage());
    }
    if (!file.path("tools").isObject()) {
      throw malformed("the file of templates: `tools` must be an object");
    }
    var entries = new LinkedHashMap<String, Entry>();
    file.path("tools")
        .properties()
        .forEach(tool -> entries.put(tool.getKey(), entry(tool.getKey(), tool.getValue())));
    return new Templates(false, entries);
  }

  private static Entry entry(String tool, JsonNode value) {
    JsonNode digest = value.path("digest");
    JsonNode template = value.path("template");
    if (digest.isString() && template.isMissingNode()) {
      return new Entry(Optional.of(digest.stringValue()), Optional.empty());
    }
    if (template.isMissingNode() || !digest.isMissingNode()) {
      throw malformed("tools." + tool + " needs either `digest` or `template`");
    }
    if (value.path("scope").asString("").isBlank()) {
      throw malformed("tools." + tool + ".scope must be a text");
    }
    var local =
        new Chosen(
            RarTemplate.of(template),
            value.path("scope").stringValue(),
            value.path("inputSchema") instanceof ObjectNode schema
                ? schema.deepCopy()
                : StrictJson.object());
    return new Entry(Optional.empty(), Optional.of(local));
  }

  /// The tool's template from the file, which needs no server.
  Optional<Chosen> local(String tool) {
    return Optional.ofNullable(entries.get(tool)).flatMap(Entry::local);
  }

  /// The tool's published template, if it is the pinned one.
  ///
  /// @throws TemplateException if there is none, or another than the pinned
  Chosen published(ToolInfo tool) {
    Entry entry = entries.get(tool.name());
    if (entry == null && !trustsServer) {
      throw new TemplateException(NO_TEMPLATE, "the file of templates does not name this tool");
    }
    JsonNode published = tool.definition().path("_meta").path(PUBLISHED);
    if (!published.isObject() || published.path("scope").asString("").isBlank()) {
      throw new TemplateException(NO_TEMPLATE, "the server publishes no template for this tool");
    }
    RarTemplate template = RarTemplate.of(published.path("template"));
    Optional<String> pinned = entry == null ? Optional.empty() : entry.digest();
    if (!template.digest().equals(published.path("digest").asString(""))
        || !template.digest().equals(pinned.orElse(template.digest()))) {
      throw new TemplateException(
          DIGEST_MISMATCH, "the published template is not the one that was reviewed");
    }
    return new Chosen(template, published.path("scope").stringValue(), tool.inputSchema());
  }

  private static TemplateException malformed(String message) {
    return new TemplateException(MALFORMED_TEMPLATE, message);
  }
}
