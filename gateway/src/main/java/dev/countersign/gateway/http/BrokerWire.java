package dev.countersign.gateway.http;

import dev.countersign.gateway.CredentialBroker;
import dev.countersign.gateway.Lease;
import dev.countersign.gateway.MintResult;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// Our own broker over HTTP, in Vault's envelope; this gateway proves itself with each request.
/// Threads may share it.
public final class BrokerWire implements CredentialBroker {
  private static final Duration MINT_TIMEOUT = Duration.ofSeconds(15);
  private static final Duration REVOKE_TIMEOUT = Duration.ofSeconds(10);

  private final WireClient client;
  private final PresenterAssertion.Maker assertions;
  private final String broker;

  /// @param broker its base address
  public BrokerWire(URI broker, WireClient client, PresenterAssertion.Maker assertions) {
    this.client = client;
    this.assertions = assertions;
    this.broker = broker.toString();
  }

  @Override
  public MintResult mint(String role, Secret onBehalfOfToken) {
    URI address =
        URI.create(
            broker + "/v1/verify-rar/creds/" + URLEncoder.encode(role, StandardCharsets.UTF_8));
    return VaultAnswers.minted(
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
            MINT_TIMEOUT),
        Optional.empty());
  }

  @Override
  public boolean revoke(Lease lease) {
    return Retried.until(() -> isRevoked(lease));
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
}
