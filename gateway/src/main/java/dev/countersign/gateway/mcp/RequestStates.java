package dev.countersign.gateway.mcp;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.databind.node.ObjectNode;

/// The `requestState` that a client carries through a step-up: claims with a MAC, the same on every
/// replica. It decides nothing but whether a retry belongs to a call that we answered before; what
/// the retry may do is decided anew.
///
/// Threads may share it.
///
/// @spec https://modelcontextprotocol.io/specification/2026-07-28 MCP 2026-07-28, multi round-trip
///   requests
public final class RequestStates {
  private static final Duration LIFE = Duration.ofMinutes(5);
  private static final String ALGORITHM = "HmacSHA256";
  private static final String PURPOSE = "countersign requestState 1 ";
  private static final int MAX_LENGTH = 2_048;

  private final SecretKeySpec key;
  private final InstantSource clock;

  /// @param secret what all replicas of this gateway share and nobody else knows
  public RequestStates(byte[] secret, InstantSource clock) {
    byte[] purpose = PURPOSE.getBytes(StandardCharsets.US_ASCII);
    byte[] input = new byte[purpose.length + secret.length];
    System.arraycopy(purpose, 0, input, 0, purpose.length);
    System.arraycopy(secret, 0, input, purpose.length, secret.length);
    this.key = new SecretKeySpec(Digest.raw(input), ALGORITHM);
    this.clock = clock;
  }

  /// Who asked for what.
  ///
  /// @param arguments the call's arguments as they came
  record Asked(String subject, String tool, ObjectNode arguments) {
    private String digest() {
      return Digest.sha256(StrictJson.canonical(arguments));
    }
  }

  /// The state of the answer that asks for the given round, counted from 1.
  String issue(Asked asked, int round) {
    ObjectNode claims = StrictJson.object();
    claims.put("sub", asked.subject()).put("tool", asked.tool()).put("arguments", asked.digest());
    claims.put("round", round).put("nonce", Ids.random());
    claims.put("exp", clock.instant().plus(LIFE).getEpochSecond());
    String payload = encode(StrictJson.write(claims).getBytes(StandardCharsets.UTF_8));
    return payload + "." + encode(mac(payload));
  }

  /// The round that a state was issued for; empty if it is not ours, has expired, or belongs to
  /// another person, tool or arguments.
  Optional<Integer> round(String state, Asked asked) {
    int dot = state.indexOf('.');
    if (dot < 0 || state.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    String payload = state.substring(0, dot);
    byte[] expected = encode(mac(payload)).getBytes(StandardCharsets.US_ASCII);
    byte[] sent = state.substring(dot + 1).getBytes(StandardCharsets.UTF_8);
    if (!MessageDigest.isEqual(expected, sent)) {
      return Optional.empty();
    }
    try {
      ObjectNode claims = StrictJson.parseObject(Base64.getUrlDecoder().decode(payload));
      boolean belongs =
          claims.path("sub").asString("").equals(asked.subject())
              && claims.path("tool").asString("").equals(asked.tool())
              && claims.path("arguments").asString("").equals(asked.digest())
              && clock.instant().isBefore(Instant.ofEpochSecond(claims.path("exp").asLong(0)));
      return belongs ? Optional.of(claims.path("round").asInt(0)) : Optional.empty();
    } catch (MalformedJsonException | IllegalArgumentException malformed) {
      return Optional.empty();
    }
  }

  private byte[] mac(String payload) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return mac.doFinal(payload.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has " + ALGORITHM, impossible);
    }
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
