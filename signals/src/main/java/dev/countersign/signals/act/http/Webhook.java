package dev.countersign.signals.act.http;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.signals.act.Ending;
import dev.countersign.signals.act.Person;
import dev.countersign.signals.act.ReceiverConfig;
import dev.countersign.signals.act.SessionHandler;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.databind.node.ObjectNode;

/// Tells a system of the company's own that a person's sessions are to end. The message is signed
/// with a shared secret in the form of Standard Webhooks; its id is the same at every repetition.
///
/// @spec https://www.standardwebhooks.com Standard Webhooks
public final class Webhook implements SessionHandler {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String MEND = "see that both sides have the same secret";

  private final ReceiverConfig.Hook hook;
  private final WireClient client;
  private final InstantSource clock;

  public Webhook(ReceiverConfig.Hook hook, WireClient client, InstantSource clock) {
    this.hook = hook;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "webhook-" + hook.name();
  }

  @Override
  public boolean concerns(Person person) {
    return hook.anchors().isEmpty() || hook.anchors().contains(person.anchor());
  }

  @Override
  public Outcome end(Ending ending) {
    Instant now = clock.instant();
    String id = ending.set() + "-" + hook.name();
    String time = Long.toString(now.getEpochSecond());
    ObjectNode body = StrictJson.object();
    body.put("type", ending.event()).put("timestamp", ending.at().toString());
    body.putObject("data")
        .put("subject", ending.person().subject())
        .put("anchor", ending.person().anchor())
        .put("id", ending.person().id())
        .put("txn", ending.txn());
    String text = StrictJson.write(body);
    WireClient.Answer answer =
        client.send(
            "POST",
            hook.address(),
            Map.of(
                "Content-Type",
                "application/json",
                "webhook-id",
                id,
                "webhook-timestamp",
                time,
                "webhook-signature",
                "v1," + signature(hook.secret(), id + "." + time + "." + text)),
            text,
            TIMEOUT);
    return switch (answer.status()) {
      case 200, 201, 202, 204 -> new Outcome.Ended("told", answer.status());
      case 410 -> new Outcome.Impossible("gone", 410); // it wants no more of these
      default -> Answers.failed(answer, MEND, now);
    };
  }

  private static String signature(Secret secret, String signed) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(
          new SecretKeySpec(secret.reveal().getBytes(StandardCharsets.UTF_8), mac.getAlgorithm()));
      return Base64.getEncoder()
          .encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  @Override
  public List<String> calls(Person person) {
    return List.of("POST " + hook.address() + " (signed, about " + person.subject() + ")");
  }

  @Override
  public String limits() {
    return "An answer in 2xx says that the message arrived; what the other side ends, it must tell.";
  }
}
