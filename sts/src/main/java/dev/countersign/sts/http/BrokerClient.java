package dev.countersign.sts.http;

import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.TokenUse;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Asks the brokers of audiences whether tokens were used. Whatever is not a plain answer is none.
/// Threads may share it.
public final class BrokerClient implements TokenUse {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final Map<String, URI> brokers;
  private final WireClient client;
  private final PresenterAssertion.Maker presenter;

  /// @param brokers by audience
  public BrokerClient(
      Map<String, URI> brokers, WireClient client, PresenterAssertion.Maker presenter) {
    this.brokers = Map.copyOf(brokers);
    this.client = client;
    this.presenter = presenter;
  }

  @Override
  public boolean wasUsed(String audience, String jti) {
    @Nullable URI broker = brokers.get(audience);
    if (broker == null) {
      throw new UnavailableException("no broker is known for an audience", null);
    }
    try {
      WireClient.Answer answer =
          client.send(
              "POST",
              URI.create(broker + "/v1/countersign/tokens/settle"),
              Map.of(
                  "Content-Type",
                  "application/json",
                  PresenterAssertion.HEADER,
                  presenter.assertion(broker.toString())),
              StrictJson.write(StrictJson.object().put("jti", jti)),
              TIMEOUT);
      if (answer.status() != 200) {
        throw new UnavailableException("the broker answers " + answer.status(), null);
      }
      JsonNode used = StrictJson.parseObject(answer.body()).path("data").path("used");
      if (!used.isBoolean()) {
        throw new UnavailableException("the broker does not say whether a token was used", null);
      }
      return used.booleanValue();
    } catch (WireClient.WireFailure away) {
      throw new UnavailableException("the broker does not answer", away);
    } catch (MalformedJsonException malformed) {
      throw new UnavailableException("the broker's answer is malformed", malformed);
    }
  }
}
