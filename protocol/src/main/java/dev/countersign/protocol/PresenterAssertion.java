package dev.countersign.protocol;

import com.nimbusds.jose.jwk.JWK;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// How one box proves to another which workload it is: a short-lived, single-use JWT signed with
/// the workload's own key, `iss` = `sub` = its name, `aud` = the called box. The same form serves
/// as OAuth client assertion (`private_key_jwt`) and in the header `X-Countersign-Presenter`.
///
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-3 RFC 7523 §3
public final class PresenterAssertion {
  /// The header that carries an assertion where the body is not an OAuth form.
  public static final String HEADER = "X-Countersign-Presenter";

  /// The `typ` of assertions (RFC 7523bis).
  public static final String TYPE = "client-authentication+jwt";

  private static final Duration LIFETIME = Duration.ofSeconds(60);
  private static final Duration MAX_LIFETIME = Duration.ofMinutes(5);

  private PresenterAssertion() {}

  /// Makes assertions for one workload. Threads may share it.
  public static final class Maker {
    private final String name;
    private final JwtSigner signer;
    private final InstantSource clock;

    /// @param name the workload's registered name or client id
    /// @param key its private key
    public Maker(String name, JWK key, InstantSource clock) {
      this.name = name;
      this.signer = new JwtSigner(key);
      this.clock = clock;
    }

    /// A fresh assertion for one call.
    ///
    /// @param audience the called box's issuer or base URL, exactly as it knows itself
    public String assertion(String audience) {
      Instant now = clock.instant();
      var claims = StrictJson.object();
      claims.put("iss", name).put("sub", name).put("aud", audience).put("jti", Ids.random());
      claims.put("iat", now.getEpochSecond());
      claims.put("exp", now.plus(LIFETIME).getEpochSecond());
      return signer.sign(TYPE, claims);
    }
  }

  /// Verifies the assertions of one workload without using them up. Threads may share it.
  public static final class Verifier {
    private final String name;
    private final JwtVerifier verifier;

    /// @param name the workload's registered name or client id
    /// @param audiences what the called box accepts as its own name; usually one
    public Verifier(String name, Set<String> audiences, KeySource keys, InstantSource clock) {
      this.name = name;
      this.verifier =
          new JwtVerifier(
              new JwtRules(
                  name,
                  audiences,
                  Set.of("", "jwt", TYPE),
                  Set.of("ES256", "EdDSA", "RS256", "PS256"),
                  Duration.ofSeconds(30),
                  MAX_LIFETIME),
              keys,
              clock);
    }

    /// Verifies one assertion that claims to be this workload's.
    public Check verify(CompactJws assertion) {
      return switch (verifier.verify(assertion)) {
        case JwtCheck.Verified(VerifiedJwt jwt) -> checked(jwt);
        case JwtCheck.Rejected(String reason) -> new Check.Bad("assertion: " + reason);
        case JwtCheck.Unavailable(String reason) -> new Check.Bad("assertion: " + reason);
      };
    }

    private Check checked(VerifiedJwt jwt) {
      if (!name.equals(jwt.text("sub").orElse(""))) {
        return new Check.Bad("assertion: `sub` must equal `iss`");
      }
      Instant issued = jwt.issuedAt().orElse(Instant.MIN);
      if (jwt.expiresAt().isAfter(issued.plus(MAX_LIFETIME))) {
        return new Check.Bad("assertion: it lives longer than five minutes");
      }
      String id = jwt.id().orElse("");
      return id.isEmpty() || id.length() > 256
          ? new Check.Bad("assertion: `jti` must have 1 to 256 characters")
          : new Check.Good(name, id, jwt.expiresAt().plus(MAX_LIFETIME));
    }
  }

  /// How the verification of an assertion ended.
  public sealed interface Check {
    /// The assertion is good if this is its first use.
    ///
    /// @param forgetAt from when its use may be forgotten
    record Good(String name, String id, Instant forgetAt) implements Check {}

    /// Nobody is proven.
    record Bad(String reason) implements Check {}
  }

  /// Checks assertions of the workloads that a box knows. Threads may share it.
  public static final class Checker {
    private final Map<String, Verifier> verifiers = new HashMap<>();
    private final ReplayGuard replays;

    /// @param audiences what the called box accepts as its own name; usually one
    /// @param workloads the public keys of each workload by name
    public Checker(
        Set<String> audiences,
        Map<String, ? extends KeySource> workloads,
        ReplayGuard replays,
        InstantSource clock) {
      this.replays = replays;
      workloads.forEach(
          (name, keys) -> verifiers.put(name, new Verifier(name, audiences, keys, clock)));
    }

    /// Checks one assertion and uses it up.
    public Result check(String assertion) {
      CompactJws jws;
      try {
        jws = CompactJws.parse(assertion);
      } catch (MalformedJsonException malformed) {
        return new Result.Refused("the assertion names no workload known here");
      }
      Verifier verifier = verifiers.get(jws.unverifiedIssuer());
      if (verifier == null) {
        return new Result.Refused("the assertion names no workload known here");
      }
      return switch (verifier.verify(jws)) {
        case Check.Good(String name, String id, Instant forgetAt) ->
            replays.isFirstUse(name, id, forgetAt)
                ? new Result.Presenter(name)
                : new Result.Refused("assertion: it was used before");
        case Check.Bad(String reason) -> new Result.Refused(reason);
      };
    }
  }

  /// Who presented, or why nobody did.
  public sealed interface Result {
    /// The workload proved its key.
    record Presenter(String name) implements Result {}

    /// Nobody is proven.
    ///
    /// @param reason for the audit; no value of the assertion in it
    record Refused(String reason) implements Result {}
  }
}
