package dev.countersign.gateway.http;

import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.SessionCheck;
import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/// Asks the STS's userinfo, or for a bound token its introspection; both refuse a killed person's
/// tokens from the moment of the kill. Threads may share it.
public final class StsSessions implements SessionCheck {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /// No question so close to a token's end that the answer could be about that.
  private static final Duration MARGIN = TIMEOUT.plusSeconds(5);

  private final String issuer;
  private final String workload;
  private final URI userInfo;
  private final PresenterAssertion.Maker assertions;
  private final WireClient client;
  private final InstantSource clock;

  public StsSessions(
      GatewayConfig config,
      WireClient client,
      PresenterAssertion.Maker assertions,
      InstantSource clock) {
    this.issuer = config.upstreams().sts().toString();
    this.workload = config.workload();
    this.userInfo = URI.create(issuer + "/oauth2/userinfo");
    this.assertions = assertions;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public Standing look(Secret token) {
    // Its binding was proven here, and cannot be proven once more to the STS.
    return CompactJws.parse(token.reveal()).unverifiedClaims().has("cnf")
        ? introspected(token)
        : told(token);
  }

  private Standing introspected(Secret token) {
    WireClient.Answer answer =
        client.postForm(
            URI.create(issuer + "/oauth2/introspect"),
            Map.of("Accept", "application/json"),
            Map.of(
                "token",
                token.reveal(),
                "client_id",
                workload,
                "client_assertion_type",
                TokenTypes.JWT_CLIENT_ASSERTION,
                "client_assertion",
                assertions.assertion(issuer)),
            TIMEOUT);
    if (answer.status() != 200) {
      throw new UnavailableException("the STS's introspection answers " + answer.status(), null);
    }
    return json(answer).path("active").asBoolean(false)
        ? new Standing.Open("")
        : new Standing.Ended();
  }

  private Standing told(Secret token) {
    WireClient.Answer answer =
        client.get(
            userInfo,
            Map.of("Authorization", "Bearer " + token.reveal(), "Accept", "application/json"),
            TIMEOUT);
    return switch (answer.status()) {
      case 200 -> new Standing.Open(json(answer).path("email").asString(""));
      case 400, 401, 403 -> new Standing.Ended();
      default -> throw new UnavailableException("the STS answers " + answer.status(), null);
    };
  }

  private static ObjectNode json(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException unreadable) {
      throw new UnavailableException("the STS's answer is not JSON", unreadable);
    }
  }

  @Override
  public boolean wasEnded(Secret token) {
    // It was verified when the request came in.
    long end = CompactJws.parse(token.reveal()).unverifiedClaims().path("exp").asLong(0);
    return clock.instant().plus(MARGIN).isBefore(Instant.ofEpochSecond(end)) && !isOpen(token);
  }
}
