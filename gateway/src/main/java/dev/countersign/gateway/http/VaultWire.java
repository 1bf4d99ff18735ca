package dev.countersign.gateway.http;

import dev.countersign.gateway.CredentialBroker;
import dev.countersign.gateway.GatewayConfig.VaultAddress;
import dev.countersign.gateway.Lease;
import dev.countersign.gateway.MintResult;
import dev.countersign.protocol.CompactJws;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// A HashiCorp Vault or OpenBao of your own in the broker's place, asked the way it knows. Threads
/// may share it.
///
/// What such a Vault checks of a token is what its own configuration says; the approved request
/// does not reach the database with it.
public final class VaultWire implements CredentialBroker {
  private static final Duration TIMEOUT = Duration.ofSeconds(15);
  private static final String TOKEN = "X-Vault-Token";

  private final VaultAddress vault;
  private final WireClient client;

  public VaultWire(VaultAddress vault, WireClient client) {
    this.vault = vault;
    this.client = client;
  }

  @Override
  public MintResult mint(String role, Secret onBehalfOfToken) {
    return switch (vault.paths()) {
      case DATABASE -> afterLogin(role, onBehalfOfToken);
      case VERIFY_RAR ->
          VaultAnswers.minted(
              send("POST", creds(role), onBehalfOfToken, claims(onBehalfOfToken)),
              Optional.of(onBehalfOfToken));
    };
  }

  private MintResult afterLogin(String role, Secret onBehalfOfToken) {
    WireClient.Answer login =
        send(
            "POST",
            "auth/" + vault.authMount() + "/login",
            null,
            StrictJson.object().put("role", role).put("jwt", onBehalfOfToken.reveal()));
    switch (login.status()) {
      case 200 -> {}
      case 400, 401, 403, 404 -> {
        return new MintResult.Refused(VaultAnswers.code(VaultAnswers.json(login)));
      }
      default -> throw new UnavailableException("the Vault answers " + login.status(), null);
    }
    var session =
        new Secret(VaultAnswers.json(login).path("auth").path("client_token").asString(""));
    if (session.reveal().isEmpty()) {
      throw new UnavailableException("the Vault's answer holds no token", null);
    }
    boolean minted = false;
    try {
      MintResult result =
          VaultAnswers.minted(send("GET", creds(role), session, null), Optional.of(session));
      minted = result instanceof MintResult.Minted;
      return result;
    } finally {
      if (!minted) {
        endSession(session);
      }
    }
  }

  // The plugin reads these from the body; the Vault has checked the token that they are from.
  private static ObjectNode claims(Secret onBehalfOfToken) {
    ObjectNode signed = CompactJws.parse(onBehalfOfToken.reveal()).unverifiedClaims();
    ObjectNode body = StrictJson.object();
    ObjectNode claims = body.putObject("claims");
    for (String member : new String[] {"jti", "authorization_details"}) {
      claims.set(member, signed.path(member));
    }
    return body;
  }

  @Override
  public boolean revoke(Lease lease) {
    Secret holder = lease.holder().orElseThrow();
    boolean revoked = Retried.until(() -> isRevoked(lease, holder));
    if (revoked && vault.paths() == VaultAddress.Paths.DATABASE) {
      endSession(holder);
    }
    return revoked;
  }

  // Without `sync` a Vault answers before it has begun.
  private boolean isRevoked(Lease lease, Secret holder) {
    try {
      int status =
          send(
                  "PUT",
                  "sys/leases/revoke",
                  holder,
                  StrictJson.object().put("lease_id", lease.id()).put("sync", true))
              .status();
      return status == 200 || status == 204;
    } catch (UnavailableException away) {
      return false;
    }
  }

  // A session that stays ends by its own time; nothing hangs on it any more.
  private void endSession(Secret session) {
    try {
      send("POST", "auth/token/revoke-self", session, null);
    } catch (UnavailableException away) {
      return;
    }
  }

  private String creds(String role) {
    return vault.mount() + "/creds/" + URLEncoder.encode(role, StandardCharsets.UTF_8);
  }

  private WireClient.Answer send(
      String method, String path, @Nullable Secret token, @Nullable ObjectNode body) {
    var headers = new HashMap<String, String>(Map.of("X-Vault-Request", "true"));
    if (token != null) {
      headers.put(TOKEN, token.reveal());
    }
    if (!vault.namespace().isEmpty()) {
      headers.put("X-Vault-Namespace", vault.namespace());
    }
    if (body != null) {
      headers.put("Content-Type", "application/json");
    }
    return client.send(
        method,
        URI.create(vault.base() + "/v1/" + path),
        headers,
        body == null ? null : StrictJson.write(body),
        TIMEOUT);
  }
}
