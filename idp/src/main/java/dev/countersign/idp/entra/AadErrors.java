package dev.countersign.idp.entra;

import dev.countersign.idp.Answer;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/// Writes errors as Entra's token endpoint does.
///
/// ```json
/// {"error":"invalid_grant","error_description":"AADSTS50173: … Trace ID: … Timestamp: …",
///  "error_codes":[50173],"timestamp":"2026-01-01 12:00:00Z","trace_id":"…",
///  "correlation_id":"…","error_uri":"…/error?code=50173"}
/// ```
final class AadErrors {
  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'").withZone(ZoneOffset.UTC);

  private final Supplier<URI> base;
  private final InstantSource clock;

  AadErrors(Supplier<URI> base, InstantSource clock) {
    this.base = base;
    this.clock = clock;
  }

  Answer answer(AadError error) {
    return answer(error, "");
  }

  /// @param more completes the text; no value of the request
  Answer answer(AadError error, String more) {
    String trace = UUID.randomUUID().toString();
    String correlation = UUID.randomUUID().toString();
    String timestamp = TIMESTAMP.format(clock.instant());
    ObjectNode json = StrictJson.object();
    json.put("error", error.error());
    json.put(
        "error_description",
        error.code()
            + ": "
            + error.text()
            + more
            + " Trace ID: "
            + trace
            + " Correlation ID: "
            + correlation
            + " Timestamp: "
            + timestamp);
    json.putArray("error_codes").add(error.number());
    json.put("timestamp", timestamp);
    json.put("trace_id", trace);
    json.put("correlation_id", correlation);
    json.put("error_uri", base.get() + "/error?code=" + error.number());
    return Answer.of(error.status(), json);
  }
}
