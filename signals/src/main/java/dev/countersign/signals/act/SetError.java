package dev.countersign.signals.act;

/// Why a token is not accepted, as the transmitter is told.
///
/// @param description names the member; no value of the token
/// @spec https://www.rfc-editor.org/rfc/rfc8935#section-2.4 RFC 8935 §2.4
public record SetError(Code code, String description) {

  /// The registered codes.
  public enum Code {
    INVALID_REQUEST("invalid_request"),
    INVALID_KEY("invalid_key"),
    INVALID_ISSUER("invalid_issuer"),
    INVALID_AUDIENCE("invalid_audience"),
    ACCESS_DENIED("access_denied"),
    /// SSF 1.0 §8.1.4.1
    INVALID_STATE("invalid_state");

    private final String wireName;

    Code(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }
  }
}
