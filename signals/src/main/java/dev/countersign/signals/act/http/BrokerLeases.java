package dev.countersign.signals.act.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Revokes every lease of a person at our own broker: connections end, roles go.
public final class BrokerLeases implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final String MEND =
      "register the receiver's public key as the workload `receiver` at the broker";

  private final URI broker;
  private final PresenterAssertion.Maker self;
  private final WireClient client;
  private final InstantSource clock;

  public BrokerLeases(
      URI broker, PresenterAssertion.Maker self, WireClient client, InstantSource clock) {
    this.broker = broker;
    this.self = self;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "broker";
  }

  @Override
  public boolean concerns(Person person) {
    return true;
  }

  @Override
  public Outcome end(Ending ending) {
    ObjectNode body =
        StrictJson.object().put("sub", ending.person().subject()).put("txn", ending.txn());
    WireClient.Answer answer =
        client.send(
            "POST",
            revocation(),
            Map.of(
                PresenterAssertion.HEADER,
                self.assertion(broker.toString()),
                "Content-Type",
                "application/json"),
            StrictJson.write(body),
            TIMEOUT);
    if (answer.status() != 200) {
      return Answers.failed(answer, MEND, clock.instant());
    }
    JsonNode revoked = revoked(answer);
    return revoked.isIntegralNumber() && revoked.canConvertToInt()
        ? new Outcome.Ended("revoked " + revoked.intValue(), 200)
        : new Outcome.Failed("unreadable", 200, "", Optional.empty());
  }

  private URI revocation() {
    return broker.resolve("/v1/countersign/subjects/revoke");
  }

  @Override
  public List<String> calls(Person person) {
    return List.of("POST " + revocation() + " for " + person.subject());
  }

  @Override
  public String limits() {
    return "Connections are ended and roles dropped. A statement that was committed before stays"
        + " committed.";
  }

  private static JsonNode revoked(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body()).path("data").path("revoked");
    } catch (MalformedJsonException malformed) {
      return StrictJson.object();
    }
  }
}
