package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.AccessEvaluations;
import dev.countersign.sts.DecisionSettings;
import dev.countersign.sts.DecisionSettings.Caller;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/// AuthZEN: evaluation, evaluations and the metadata, for the programs that are configured.
///
/// @spec https://openid.net/specs/authorization-api-1_0.html#name-transport AuthZEN 1.0 §9, §10
public final class AccessApi {
  private static final String REQUEST_ID = "X-Request-ID";
  private static final Pattern PLAIN = Pattern.compile("[!-~]{1,256}");
  private static final String EVALUATION = "/access/v1/evaluation";
  private static final String EVALUATIONS = "/access/v1/evaluations";

  private final AccessEvaluations evaluations;
  private final Map<String, Caller> callers;
  private final ObjectNode metadata;

  public AccessApi(String issuer, AccessEvaluations evaluations, DecisionSettings settings) {
    this.evaluations = evaluations;
    this.callers = settings.callers();
    this.metadata =
        StrictJson.object()
            .put("policy_decision_point", issuer)
            .put("access_evaluation_endpoint", issuer + EVALUATION)
            .put("access_evaluations_endpoint", issuer + EVALUATIONS);
  }

  /// Adds the routes, if anybody may ask.
  public void install(HttpRouting.Builder routing) {
    if (!callers.isEmpty()) {
      routing
          .get(
              "/.well-known/authzen-configuration",
              (_, response) -> Http.json(response, 200, metadata))
          .post(EVALUATION, (request, response) -> answer(request, response, evaluations::one))
          .post(
              EVALUATIONS, (request, response) -> answer(request, response, evaluations::several));
    }
  }

  /// One of the two evaluations.
  private interface Evaluation {
    ObjectNode answer(String name, Caller caller, ObjectNode request);
  }

  private void answer(ServerRequest request, ServerResponse response, Evaluation evaluation) {
    Http.header(request, REQUEST_ID)
        .filter(id -> PLAIN.matcher(id).matches())
        .ifPresent(id -> response.header(REQUEST_ID, id));
    Optional<Secret> token = Bearers.of(request);
    if (token.isEmpty()) {
      Bearers.missing(response);
      return;
    }
    Optional<Map.Entry<String, Caller>> caller = caller(token.get());
    if (caller.isEmpty()) {
      Bearers.invalid(response, "the token is not that of a caller known here");
      return;
    }
    try {
      ObjectNode answer =
          evaluation.answer(caller.get().getKey(), caller.get().getValue(), Http.jsonBody(request));
      Http.json(response, 200, answer);
    } catch (MalformedJsonException malformed) {
      Http.json(
          response,
          400,
          StrictJson.object()
              .put("error", "invalid_request")
              .put("error_description", String.valueOf(malformed.getMessage())));
    }
  }

  // All are compared, whichever it is.
  private Optional<Map.Entry<String, Caller>> caller(Secret token) {
    Optional<Map.Entry<String, Caller>> found = Optional.empty();
    byte[] given = token.reveal().getBytes(StandardCharsets.UTF_8);
    for (Map.Entry<String, Caller> entry : callers.entrySet()) {
      byte[] known = entry.getValue().token().reveal().getBytes(StandardCharsets.UTF_8);
      if (MessageDigest.isEqual(given, known)) {
        found = Optional.of(entry);
      }
    }
    return found;
  }
}
