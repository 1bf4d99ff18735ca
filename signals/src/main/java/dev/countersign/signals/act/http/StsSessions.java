package dev.countersign.signals.act.http;

import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;

/// Ends a person's sessions at our own STS: its gate closes, and no token is issued for them.
public final class StsSessions implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND =
      "register the receiver's public key as the workload `receiver` at the sts";

  private final URI sts;
  private final PresenterAssertion.Maker self;
  private final WireClient client;
  private final InstantSource clock;

  public StsSessions(
      URI sts, PresenterAssertion.Maker self, WireClient client, InstantSource clock) {
    this.sts = sts;
    this.self = self;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "sts";
  }

  @Override
  public boolean concerns(Person person) {
    return true;
  }

  @Override
  public Outcome end(Person person, String txn) {
    String subject =
        URLEncoder.encode(person.subject(), StandardCharsets.UTF_8).replace("+", "%20");
    var headers = new HashMap<String, String>();
    headers.put(PresenterAssertion.HEADER, self.assertion(sts.toString()));
    if (!txn.isEmpty()) {
      headers.put("X-Countersign-Txn", txn);
    }
    WireClient.Answer answer =
        client.send(
            "DELETE", sts.resolve("/v1.0/auth/sessions/" + subject), headers, null, TIMEOUT);
    return answer.status() == 204
        ? new Outcome.Ended("ended", 204)
        : Answers.failed(answer, MEND, clock.instant());
  }
}
