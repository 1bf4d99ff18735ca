package dev.countersign.signals.transmit.http;

import dev.countersign.box.Http;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/// Lets only proven workloads through to a handler. Threads may share it.
final class Callers {
  private final PresenterAssertion.Checker checker;
  private final Ledger ledger;

  Callers(PresenterAssertion.Checker checker, Ledger ledger) {
    this.checker = checker;
    this.ledger = ledger;
  }

  /// Runs a handler for the workload that the request proves, or answers 401.
  ///
  /// @param at the endpoint's name in the ledger
  void proven(ServerRequest request, ServerResponse response, String at, Handler handler) {
    PresenterAssertion.Result result =
        Http.header(request, PresenterAssertion.HEADER)
            .map(checker::check)
            .orElseGet(() -> new PresenterAssertion.Result.Refused("no assertion of a workload"));
    switch (result) {
      case PresenterAssertion.Result.Presenter(String name) ->
          handler.handle(name, request, response);
      case PresenterAssertion.Result.Refused(String reason) -> {
        note(at, "", reason);
        Refusal.NOT_PROVEN.send(
            response, "a workload's assertion is needed in " + PresenterAssertion.HEADER);
      }
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

  /// What a proven workload gets.
  @FunctionalInterface
  interface Handler {
    void handle(String workload, ServerRequest request, ServerResponse response);
  }
}
