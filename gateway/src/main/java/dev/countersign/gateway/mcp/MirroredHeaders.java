package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.HEADER_MISMATCH;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Headers that repeat what the body says, for intermediaries: they must say the same, or somebody
/// in between decided about another request than we do.
final class MirroredHeaders {
  private static final String METHOD = "Mcp-Method";
  private static final String NAME = "Mcp-Name";
  private static final String BASE64_START = "=?base64?";
  private static final String BASE64_END = "?=";

  /// Which member of `params` each method mirrors.
  private static final Map<String, String> NAMED =
      Map.of("tools/call", "name", "prompts/get", "name", "resources/read", "uri");

  private MirroredHeaders() {}

  /// Demands every header of the modern era.
  ///
  /// @throws McpRefusal `-32020`
  static void checkAll(Envelope message, String version, McpHeaders headers) {
    if (message.id().isEmpty()) {
      return; // The revision defines no headers for notifications, and none of them does anything.
    }
    demand(Era.VERSION_HEADER, single(Era.VERSION_HEADER, headers), version);
    demand(METHOD, single(METHOD, headers), message.method());
    String name = name(message);
    String header = single(NAME, headers);
    if (name != null || header != null) {
      demand(NAME, decoded(header), name);
    }
  }

  /// Checks what an older client sends of its own accord.
  ///
  /// @throws McpRefusal `-32020`
  static void checkPresent(Envelope message, McpHeaders headers) {
    String method = single(METHOD, headers);
    if (method != null) {
      demand(METHOD, method, message.method());
    }
    String header = single(NAME, headers);
    if (header != null) {
      demand(NAME, decoded(header), name(message));
    }
  }

  private static @Nullable String name(Envelope message) {
    String member = NAMED.get(message.method());
    JsonNode value = member == null ? null : message.params().path(member);
    return value != null && value.isString() ? value.stringValue() : null;
  }

  private static void demand(String header, @Nullable String found, @Nullable String expected) {
    if (found == null) {
      throw new McpRefusal(HEADER_MISMATCH, "header mismatch: `" + header + "` is missing");
    }
    if (!found.equals(expected)) {
      throw new McpRefusal(
          HEADER_MISMATCH, "header mismatch: `" + header + "` is not what the body says");
    }
  }

  private static @Nullable String single(String name, McpHeaders headers) {
    List<String> values = headers.values(name);
    if (values.isEmpty()) {
      return null;
    }
    String value = values.getFirst().strip();
    if (values.size() > 1 || !value.chars().allMatch(MirroredHeaders::isVisible)) {
      throw new McpRefusal(HEADER_MISMATCH, "header mismatch: `" + name + "` is malformed");
    }
    return value;
  }

  private static boolean isVisible(int c) {
    return (c >= 0x20 && c <= 0x7e) || c == '\t';
  }

  private static @Nullable String decoded(@Nullable String value) {
    if (value == null
        || !value.startsWith(BASE64_START)
        || !value.endsWith(BASE64_END)
        || value.length() < BASE64_START.length() + BASE64_END.length()) {
      return value;
    }
    String encoded = value.substring(BASE64_START.length(), value.length() - BASE64_END.length());
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(Base64.getDecoder().decode(encoded)))
          .toString();
    } catch (IllegalArgumentException | CharacterCodingException malformed) {
      throw new McpRefusal(HEADER_MISMATCH, "header mismatch: `" + NAME + "` is malformed");
    }
  }
}
