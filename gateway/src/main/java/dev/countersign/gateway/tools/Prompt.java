package dev.countersign.gateway.tools;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A prompt that people may choose. What they see of it in a list are the operator's words.
///
/// @param shown title, description and arguments, as `prompts/list` publishes them
/// @param values what may be proposed for each argument
public record Prompt(
    String name,
    ObjectNode shown,
    ArgumentChecker arguments,
    Map<String, List<String>> values,
    Source source) {
  public Prompt {
    values = Map.copyOf(values);
    shown = shown.deepCopy();
  }

  /// What `prompts/list` publishes.
  public ObjectNode definition() {
    ObjectNode definition = StrictJson.object().put("name", name);
    definition.setAll(shown.deepCopy());
    if (source instanceof Source.Guarded(Tool tool)) {
      definition.set("_meta", tool.definition().path("_meta"));
    }
    return definition;
  }

  /// Checks the arguments of one use.
  @FunctionalInterface
  public interface ArgumentChecker {
    ArgumentCheck check(ObjectNode sent);
  }

  /// Where its messages come from.
  public sealed interface Source {
    /// The configuration.
    record Messages(List<Message> messages) implements Source {
      public Messages {
        messages = List.copyOf(messages);
      }

      /// The messages with checked arguments in their places.
      public ArrayNode fill(ObjectNode arguments) {
        ArrayNode filled = StrictJson.array();
        for (Message message : messages) {
          filled
              .addObject()
              .put("role", message.role())
              .putObject("content")
              .put("type", "text")
              .put("text", message.fill(arguments));
        }
        return filled;
      }
    }

    /// A guarded call at a server behind us.
    record Guarded(Tool tool) implements Source {}
  }

  /// One message.
  ///
  /// @param role `user` or `assistant`
  /// @param text with `{{name}}` where an argument goes
  public record Message(String role, String text) {
    static final Pattern PLACE = Pattern.compile("\\{\\{([A-Za-z_][A-Za-z0-9_]{0,63})}}");

    // In one pass: a value that looks like a place stays a value.
    private String fill(ObjectNode arguments) {
      return PLACE
          .matcher(text)
          .replaceAll(
              found -> Matcher.quoteReplacement(arguments.path(found.group(1)).asString("")));
    }
  }
}
