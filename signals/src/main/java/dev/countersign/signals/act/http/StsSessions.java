package dev.countersign.signals.act.http;

import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.SessionHandler;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;

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
  public Outcome end(Ending ending) {
    var headers = new HashMap<String, String>();
    headers.put(PresenterAssertion.HEADER, self.assertion(sts.toString()));
    headers.put("X-Countersign-At", ending.at().toString());
    if (!ending.txn().isEmpty()) {
      headers.put("X-Countersign-Txn", ending.txn());
    }
    WireClient.Answer answer =
        client.send("DELETE", sessions(ending.person()), headers, null, TIMEOUT);
    return answer.status() == 204
        ? new Outcome.Ended("ended", 204)
        : Answers.failed(answer, MEND, clock.instant());
  }

  private URI sessions(Person person) {
    String subject =
        URLEncoder.encode(person.subject(), StandardCharsets.UTF_8).replace("+", "%20");
    return sts.resolve("/v1.0/auth/sessions/" + subject);
  }

  @Override
  public List<String> calls(Person person) {
    return List.of("DELETE " + sessions(person));
  }

  @Override
  public String limits() {
    return "Every token that was issued before is refused wherever it is shown to us. A resource that"
        + " checks on-behalf-of tokens only by their signature takes them to their exp.";
  }
}
