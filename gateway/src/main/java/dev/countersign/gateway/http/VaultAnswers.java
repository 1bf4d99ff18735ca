package dev.countersign.gateway.http;

import dev.countersign.gateway.Lease;
import dev.countersign.gateway.MintResult;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads answers in Vault's envelope.
final class VaultAnswers {
  private static final Pattern CODE =
      Pattern.compile("(?:.*\\* )?([A-Z][A-Z0-9_]{2,63})(?::.*)?", Pattern.DOTALL);

  private VaultAnswers() {}

  /// What an attempt to mint came to.
  ///
  /// @param holder what the lease is ended with
  /// @throws UnavailableException if it is neither a credential nor a refusal
  static MintResult minted(WireClient.Answer answer, Optional<Secret> holder) {
    return switch (answer.status()) {
      case 200 -> minted(json(answer), holder);
      case 400, 401, 403, 404 -> new MintResult.Refused(code(json(answer)));
      default -> throw new UnavailableException("the broker answers " + answer.status(), null);
    };
  }

  private static MintResult minted(ObjectNode body, Optional<Secret> holder) {
    String lease = body.path("lease_id").asString("");
    String username = body.path("data").path("username").asString("");
    String password = body.path("data").path("password").asString("");
    if (lease.isEmpty() || username.isEmpty() || password.isEmpty()) {
      throw new UnavailableException("the broker's answer holds no login", null);
    }
    return new MintResult.Minted(new Lease(lease, username, new Secret(password), holder));
  }

  /// The first code among the errors, such as `RAR_NO_MATCH`; also where one text lists several, as
  /// Vault does.
  static String code(ObjectNode body) {
    for (JsonNode error : body.path("errors")) {
      Matcher matcher = CODE.matcher(error.asString("").strip());
      if (matcher.matches()) {
        return matcher.group(1);
      }
    }
    return "BROKER_REFUSED";
  }

  static ObjectNode json(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException malformed) {
      throw new UnavailableException("the broker's answer is not JSON", malformed);
    }
  }
}
