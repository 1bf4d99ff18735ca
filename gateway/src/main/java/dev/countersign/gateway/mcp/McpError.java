package dev.countersign.gateway.mcp;

/// Every JSON-RPC error that leaves the gateway.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28/basic MCP 2026-07-28, error codes
enum McpError {
  PARSE_ERROR(-32700, 400),
  INVALID_REQUEST(-32600, 400),
  METHOD_NOT_FOUND(-32601, 404),
  INVALID_PARAMS(-32602, 400),
  INTERNAL_ERROR(-32603, 500),
  HEADER_MISMATCH(-32020, 400),
  UNSUPPORTED_VERSION(-32022, 400),
  /// Of 2025-11-25: a person must open a page first.
  PAGE_NEEDED(-32042, 200),
  /// Of the older revisions.
  RESOURCE_NOT_FOUND(-32002, 200),
  /// Our own: what was asked for is not given, or not yet; `data` says why.
  NOT_GIVEN(-31001, 200);

  private final int code;
  private final int httpStatus;

  McpError(int code, int httpStatus) {
    this.code = code;
    this.httpStatus = httpStatus;
  }

  int code() {
    return code;
  }

  int httpStatus() {
    return httpStatus;
  }
}
