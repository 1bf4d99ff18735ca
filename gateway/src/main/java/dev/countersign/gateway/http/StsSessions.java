package dev.countersign.gateway.http;

import dev.countersign.gateway.SessionCheck;
import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;

/// Asks the STS's userinfo, which refuses a killed person's tokens from the moment of the kill.
/// Threads may share it.
public final class StsSessions implements SessionCheck {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /// No question so close to a token's end that the answer could be about that.
  private static final Duration MARGIN = TIMEOUT.plusSeconds(5);

  private final URI userInfo;
  private final WireClient client;
  private final InstantSource clock;

  /// @param sts its base address
  public StsSessions(URI sts, WireClient client, InstantSource clock) {
    this.userInfo = URI.create(sts + "/oauth2/userinfo");
    this.client = client;
    this.clock = clock;
  }

  @Override
  public Standing look(Secret token) {
    WireClient.Answer answer =
        client.get(
            userInfo,
            Map.of("Authorization", "Bearer " + token.reveal(), "Accept", "application/json"),
            TIMEOUT);
    return switch (answer.status()) {
      case 200 -> new Standing.Open(mail(answer));
      case 400, 401, 403 -> new Standing.Ended();
      default -> throw new UnavailableException("the STS answers " + answer.status(), null);
    };
  }

  private static String mail(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body()).path("email").asString("");
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
