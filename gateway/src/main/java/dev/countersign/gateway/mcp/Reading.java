package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INVALID_PARAMS;
import static dev.countersign.gateway.mcp.McpError.RESOURCE_NOT_FOUND;

import dev.countersign.gateway.tools.ArgumentCheck;
import dev.countersign.gateway.tools.Material;
import dev.countersign.gateway.tools.Prompt;
import dev.countersign.gateway.tools.Resource;
import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Finds what a request for a resource, a prompt or a completion means, and gives answers their
/// shape.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/server/resources Resources
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/server/prompts Prompts
final class Reading {
  private static final int MAX_PROPOSALS = 100;

  private Reading() {}

  /// A resource that was asked for.
  ///
  /// @param variables of its address
  record Found(Resource resource, String uri, ObjectNode variables) {}

  /// @throws McpRefusal if there is none
  static Found resource(Material material, Era era, ObjectNode params) {
    JsonNode uri = params.path("uri");
    if (!uri.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`uri` must be a text");
    }
    Optional<Found> exact = find(material, uri.stringValue(), true);
    return exact
        .or(() -> find(material, uri.stringValue(), false))
        .orElseThrow(() ->
            new McpRefusal(
                era == Era.MODERN ? INVALID_PARAMS : RESOURCE_NOT_FOUND, "unknown resource"));
  }

  private static Optional<Found> find(Material material, String uri, boolean exact) {
    for (Resource resource : material.resources()) {
      if (resource.uri().isExact() == exact) {
        Optional<ObjectNode> variables = resource.uri().match(uri);
        if (variables.isPresent()) {
          return Optional.of(new Found(resource, uri, variables.get()));
        }
      }
    }
    return Optional.empty();
  }

  /// What `resources/list` or `resources/templates/list` answers.
  static ObjectNode resources(Material material, boolean exact) {
    ObjectNode result = StrictJson.object();
    ArrayNode list = result.putArray(exact ? "resources" : "resourceTemplates");
    material.resources().stream()
        .filter(resource -> resource.uri().isExact() == exact)
        .forEach(resource -> list.add(resource.definition()));
    return result;
  }

  static ObjectNode prompts(Material material) {
    ObjectNode result = StrictJson.object();
    ArrayNode list = result.putArray("prompts");
    material.prompts().forEach(prompt -> list.add(prompt.definition()));
    return result;
  }

  static ObjectNode text(Found found, String text) {
    ObjectNode result = StrictJson.object();
    result
        .putArray("contents")
        .addObject()
        .put("uri", found.uri)
        .put("mimeType", found.resource.mimeType())
        .put("text", text);
    return result;
  }

  /// The content that a guarded call brought.
  ///
  /// @param answer what a tool would have answered
  static ObjectNode contents(Found found, ObjectNode answer) {
    ObjectNode result =
        answer.path("contents").isArray()
            ? only(answer, "contents")
            : text(found, StrictJson.write(answer.path("structuredContent")));
    result.set("_meta", answer.path("_meta"));
    return result;
  }

  /// The messages that a guarded call brought.
  static ObjectNode messages(ObjectNode answer) {
    ObjectNode result = only(answer, "messages");
    JsonNode description = answer.path("description");
    if (description.isString()) {
      result.set("description", description);
    }
    result.set("_meta", answer.path("_meta"));
    return result;
  }

  private static ObjectNode only(ObjectNode answer, String member) {
    ObjectNode result = StrictJson.object();
    result.set(member, answer.path(member));
    return result;
  }

  /// @throws McpRefusal if there is none
  static Prompt prompt(Material material, ObjectNode params) {
    JsonNode name = params.path("name");
    if (!name.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`name` must be a text");
    }
    return material.prompts().stream()
        .filter(prompt -> prompt.name().equals(name.stringValue()))
        .findFirst()
        .orElseThrow(() -> new McpRefusal(INVALID_PARAMS, "unknown prompt"));
  }

  /// @throws McpRefusal if the arguments do not fit
  static ObjectNode arguments(Prompt prompt, ObjectNode sent) {
    return switch (prompt.arguments().check(sent)) {
      case ArgumentCheck.Valid(ObjectNode arguments) -> arguments;
      case ArgumentCheck.Invalid(List<String> problems) ->
          throw new McpRefusal(
              INVALID_PARAMS,
              "the arguments do not fit this prompt: " + String.join("; ", problems));
    };
  }

  /// What `completion/complete` answers: proposals of the operator, never data.
  ///
  /// @throws McpRefusal if the reference or the argument is none
  static ObjectNode completion(Material material, ObjectNode params) {
    JsonNode ref = params.path("ref");
    Map<String, List<String>> values =
        switch (ref.path("type").asString("")) {
          case "ref/prompt" -> prompt(material, params.withObject("/ref")).values();
          case "ref/resource" -> template(material, ref.path("uri").asString("")).values();
          default -> throw new McpRefusal(INVALID_PARAMS, "`ref` must name a prompt or a resource");
        };
    JsonNode name = params.path("argument").path("name");
    JsonNode begun = params.path("argument").path("value");
    if (!name.isString() || !begun.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`argument` needs a `name` and a `value`");
    }
    String start = begun.stringValue().toLowerCase(Locale.ROOT);
    List<String> fitting =
        values.getOrDefault(name.stringValue(), List.of()).stream()
            .filter(value -> value.toLowerCase(Locale.ROOT).startsWith(start))
            .toList();
    ObjectNode result = StrictJson.object();
    ObjectNode completion = result.putObject("completion");
    ArrayNode proposals = completion.putArray("values");
    fitting.stream().limit(MAX_PROPOSALS).forEach(proposals::add);
    completion.put("total", fitting.size()).put("hasMore", fitting.size() > MAX_PROPOSALS);
    return result;
  }

  private static Resource template(Material material, String uri) {
    return material.resources().stream()
        .filter(resource -> resource.uri().text().equals(uri))
        .findFirst()
        .orElseThrow(() -> new McpRefusal(INVALID_PARAMS, "unknown resource"));
  }
}
