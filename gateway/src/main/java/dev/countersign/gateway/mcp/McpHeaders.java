package dev.countersign.gateway.mcp;

import java.util.List;

/// The headers of one request, as the server has them.
@FunctionalInterface
public interface McpHeaders {
  /// All values of a header, in any spelling of its name; empty where there is none.
  List<String> values(String name);
}
