package dev.countersign.signals.transmit.http;

import dev.countersign.box.Http;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.signals.transmit.Stream;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/// Lets only proven workloads through to a handler. Threads may share it.
final class Callers {
  private final PresenterAssertion.Checker checker;
  private final Map<String, String> byThumbprint;
  private final AccessTokens tokens;
  private final Ledger ledger;

  /// @param certificates by workload, the thumbprint of its certificate
  Callers(
      PresenterAssertion.Checker checker,
      Map<String, String> certificates,
      AccessTokens tokens,
      Ledger ledger) {
    this.checker = checker;
    this.byThumbprint =
        certificates.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
    this.tokens = tokens;
    this.ledger = ledger;
  }

  /// Runs a handler for the workload that an assertion or an access token of this scope proves, or
  /// answers 401 or 403.
  ///
  /// @param at the endpoint's name in the ledger
  void allowed(
      ServerRequest request, ServerResponse response, String at, Scope scope, Handler handler) {
    Optional<Secret> token = Http.bearer(request);
    if (token.isEmpty() || Http.has(request, PresenterAssertion.HEADER)) {
      proven(request, response, at, handler);
      return;
    }
    switch (tokens.check(token.get().reveal())) {
      case AccessTokens.Result.Caller(String client, List<String> scopes) -> {
        if (scope.isIn(scopes)) {
          handler.handle(client, request, response);
        } else {
          note(at, client, "the token lacks the scope " + scope.wireName());
          response.header(
              "WWW-Authenticate",
              "Bearer error=\"insufficient_scope\", scope=\"" + scope.wireName() + "\"");
          Refusal.SCOPE.send(response, "the token needs the scope " + scope.wireName());
        }
      }
      case AccessTokens.Result.Refused(String reason) -> {
        note(at, "", reason);
        response.header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        Refusal.TOKEN.send(response, reason);
      }
      case AccessTokens.Result.Away(String reason) -> {
        response.header("Retry-After", "5");
        Refusal.AWAY.send(response, reason);
      }
    }
  }

  /// Runs a handler for the workload that the request proves, or answers 401.
  ///
  /// @param at the endpoint's name in the ledger
  void proven(ServerRequest request, ServerResponse response, String at, Handler handler) {
    PresenterAssertion.Result result =
        Http.header(request, PresenterAssertion.HEADER)
            .map(checker::check)
            .or(() -> certified(request).map(PresenterAssertion.Result.Presenter::new))
            .orElseGet(() ->
                new PresenterAssertion.Result.Refused(
                    "no assertion and no known certificate of a workload"));
    switch (result) {
      case PresenterAssertion.Result.Presenter(String name) ->
          handler.handle(name, request, response);
      case PresenterAssertion.Result.Refused(String reason) -> {
        note(at, "", reason);
        Refusal.NOT_PROVEN.send(
            response,
            "a workload's assertion is needed in "
                + PresenterAssertion.HEADER
                + ", or its certificate");
      }
    }
  }

  /// The workload whose certificate the handshake proved. Headers in which a proxy may tell one are
  /// not read.
  private Optional<String> certified(ServerRequest request) {
    Optional<Certificate[]> chain = request.remotePeer().tlsCertificates();
    if (chain.isEmpty()
        || chain.get().length == 0
        || !(chain.get()[0] instanceof X509Certificate certificate)) {
      return Optional.empty();
    }
    try {
      certificate.checkValidity();
      return Optional.ofNullable(byThumbprint.get(Digest.sha256(certificate.getEncoded())));
    } catch (CertificateException expired) {
      return Optional.empty();
    }
  }

  /// Writes a refusal in the ledger.
  void note(String at, String workload, String reason) {
    ledger.append(
        new LedgerEntry(
            LedgerEvent.EVENT_REFUSED,
            "",
            "",
            StrictJson.object().put("at", at).put("presenter", workload).put("reason", reason)));
  }

  /// Writes a change of a stream in the ledger: whoever silences a stream leaves a trace.
  void noteChange(String workload, Stream stream, String what) {
    ObjectNode data = StrictJson.object();
    data.put("presenter", workload).put("stream", stream.id()).put("what", what);
    ledger.append(new LedgerEntry(LedgerEvent.STREAM_CHANGED, "", "", data));
  }

  /// What a proven workload gets.
  @FunctionalInterface
  interface Handler {
    void handle(String workload, ServerRequest request, ServerResponse response);
  }
}
