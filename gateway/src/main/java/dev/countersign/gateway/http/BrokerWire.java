package dev.countersign.gateway.http;

import dev.countersign.gateway.CredentialBroker;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.Lease;
import dev.countersign.gateway.MintResult;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The broker over HTTP, in Vault's envelope. Threads may share it.
public final class BrokerWire implements CredentialBroker {
  private static final Duration MINT_TIMEOUT = Duration.ofSeconds(15);
  private static final Duration REVOKE_TIMEOUT = Duration.ofSeconds(10);
  private static final List<Duration> REVOKE_PAUSES =
      List.of(Duration.ZERO, Duration.ofMillis(200), Duration.ofSeconds(1));
  private static final Pattern CODE = Pattern.compile("([A-Z][A-Z0-9_]{2,63})(?::.*)?");

  private final WireClient client;
  private final PresenterAssertion.Maker assertions;
  private final String broker;

  public BrokerWire(GatewayConfig config, WireClient client, PresenterAssertion.Maker assertions) {
    this.client = client;
    this.assertions = assertions;
    this.broker = config.upstreams().broker().toString();
  }

  @Override
  public MintResult mint(String role, Secret onBehalfOfToken) {
    URI address =
        URI.create(
            broker + "/v1/verify-rar/creds/" + URLEncoder.encode(role, StandardCharsets.UTF_8));
    WireClient.Answer answer =
        client.send(
            "POST",
            address,
            Map.of(
                "X-Vault-Token",
                onBehalfOfToken.reveal(),
                PresenterAssertion.HEADER,
                assertions.assertion(broker),
                "Accept",
                "application/json"),
            null,
            MINT_TIMEOUT);
    return switch (answer.status()) {
      case 200 -> minted(json(answer));
      case 400, 401, 403, 404 -> new MintResult.Refused(code(json(answer)));
      default -> throw new UnavailableException("the broker answers " + answer.status(), null);
    };
  }

  @Override
  public boolean revoke(Lease lease) {
    // A caller who went away may have interrupted this thread; the lease ends all the same.
    boolean interrupted = Thread.interrupted();
    try {
      for (Duration pause : REVOKE_PAUSES) {
        if (pause.isPositive()) {
          Thread.sleep(pause);
        }
        if (isRevoked(lease)) {
          return true;
        }
      }
      return false;
    } catch (InterruptedException again) {
      interrupted = true;
      return isRevoked(lease);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean isRevoked(Lease lease) {
    try {
      int status =
          client
              .send(
                  "POST",
                  URI.create(broker + "/v1/sys/leases/revoke"),
                  Map.of(
                      "Content-Type",
                      "application/json",
                      PresenterAssertion.HEADER,
                      assertions.assertion(broker)),
                  StrictJson.write(StrictJson.object().put("lease_id", lease.id())),
                  REVOKE_TIMEOUT)
              .status();
      return status == 200 || status == 204;
    } catch (UnavailableException away) {
      return false;
    }
  }

  private static MintResult minted(ObjectNode body) {
    String lease = body.path("lease_id").asString("");
    String username = body.path("data").path("username").asString("");
    String password = body.path("data").path("password").asString("");
    if (lease.isEmpty() || username.isEmpty() || password.isEmpty()) {
      throw new UnavailableException("the broker's answer holds no login", null);
    }
    return new MintResult.Minted(new Lease(lease, username, new Secret(password)));
  }

  private static String code(ObjectNode body) {
    for (JsonNode error : body.path("errors")) {
      Matcher matcher = CODE.matcher(error.asString("").strip());
      if (matcher.matches()) {
        return matcher.group(1);
      }
    }
    return "BROKER_REFUSED";
  }

  private static ObjectNode json(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException malformed) {
      throw new UnavailableException("the broker's answer is not JSON", malformed);
    }
  }
}
