package dev.countersign.box;

/// The answers that the HTTP edge gives beside those of OAuth.
enum EdgeError {
  NOT_FOUND("not_found", 404),
  METHOD_NOT_ALLOWED("method_not_allowed", 405),
  /// RFC 6749 §4.1.2.1
  SERVER_ERROR("server_error", 500);

  private final String code;
  private final int httpStatus;

  EdgeError(String code, int httpStatus) {
    this.code = code;
    this.httpStatus = httpStatus;
  }

  String code() {
    return code;
  }

  int httpStatus() {
    return httpStatus;
  }
}
