package dev.countersign.gateway.mcp;

import static dev.countersign.gateway.mcp.McpError.INVALID_PARAMS;
import static dev.countersign.gateway.mcp.McpError.INVALID_REQUEST;
import static dev.countersign.gateway.mcp.McpError.UNSUPPORTED_VERSION;

import dev.countersign.protocol.StrictJson;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The two formats of the protocol. What a caller may do never depends on it.
enum Era {
  /// Every request describes itself.
  MODERN,
  /// Opened by `initialize`; here without sessions.
  LEGACY;

  static final String MODERN_VERSION = "2026-07-28";
  static final String NEWEST_LEGACY = "2025-11-25";

  /// 2025-03-26 is what a missing header stands for; it has no shape of its own here.
  static final List<String> LEGACY_VERSIONS = List.of(NEWEST_LEGACY, "2025-06-18", "2025-03-26");

  /// What discovery tells, newest first.
  static final List<String> VERSIONS = List.of(MODERN_VERSION, NEWEST_LEGACY, "2025-06-18");

  static final String VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
  static final String CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities";
  static final String SERVER_KEY = "io.modelcontextprotocol/serverInfo";
  static final String VERSION_HEADER = "MCP-Protocol-Version";

  private static final Pattern VERSION = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}");

  static Era of(Envelope message, McpHeaders headers) {
    return message.params().path("_meta").has(VERSION_KEY)
            || headers.values(VERSION_HEADER).stream().anyMatch(Era::isModernVersion)
        ? MODERN
        : LEGACY;
  }

  private static boolean isModernVersion(String version) {
    String trimmed = version.strip();
    return VERSION.matcher(trimmed).matches() && trimmed.compareTo(MODERN_VERSION) >= 0;
  }

  /// Checks the format of this era, in the order that the specification's codes need.
  ///
  /// @throws McpRefusal `-32602`, `-32020`, `-32022` or, in the legacy era, `-32600`
  void check(Envelope message, McpHeaders headers) {
    switch (this) {
      case MODERN -> {
        String version = version(message);
        MirroredHeaders.checkAll(message, version, headers);
        if (!version.equals(MODERN_VERSION)) {
          throw unsupported(version);
        }
      }
      case LEGACY -> {
        MirroredHeaders.checkPresent(message, headers);
        List<String> named = headers.values(VERSION_HEADER);
        if (named.size() > 1
            || (named.size() == 1 && !LEGACY_VERSIONS.contains(named.getFirst().strip()))) {
          throw new McpRefusal(INVALID_REQUEST, "this `" + VERSION_HEADER + "` is not served");
        }
      }
    }
  }

  private static String version(Envelope message) {
    JsonNode meta = message.params().path("_meta");
    JsonNode version = meta.path(VERSION_KEY);
    if (!version.isString()) {
      throw new McpRefusal(INVALID_PARAMS, "`_meta` needs `" + VERSION_KEY + "`");
    }
    if (!meta.path(CAPABILITIES_KEY).isObject()) {
      throw new McpRefusal(INVALID_PARAMS, "`_meta` needs `" + CAPABILITIES_KEY + "`");
    }
    return version.stringValue();
  }

  private static McpRefusal unsupported(String requested) {
    ObjectNode data = StrictJson.object();
    ArrayNode supported = data.putArray("supported");
    VERSIONS.forEach(supported::add);
    data.put("requested", requested.length() <= 64 ? requested : "");
    return new McpRefusal(UNSUPPORTED_VERSION, "this protocol version is not served", data);
  }
}
