package dev.countersign.gateway.mcp;

import dev.countersign.box.Seal;
import dev.countersign.gateway.Caller;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// Calls that wait for a person, sealed into the `requestState` that the REST twin's client
/// carries: nothing of them is kept here, and any replica opens them. One opens for the person and
/// client that it was sealed for, and for nobody else. What it names is decided anew.
///
/// Threads may share it.
final class ParkedCalls {
  private static final String ABOUT = "requestState of the REST twin, 1";

  private final Seal seal;
  private final InstantSource clock;

  /// @param secret what all replicas of this gateway share and nobody else knows
  ParkedCalls(Secret secret, InstantSource clock) {
    this.seal = new Seal(secret);
    this.clock = clock;
  }

  /// A call that waits.
  ///
  /// @param approvalId what it waits for
  /// @param arguments as they came
  record Parked(String approvalId, String tool, ObjectNode arguments, Instant expiresAt) {}

  /// What a state says.
  sealed interface Opened {
    /// The call.
    record Known(Parked parked) implements Opened {}

    /// It was sealed for somebody else.
    record Foreign() implements Opened {}

    /// Its time is over.
    record Expired() implements Opened {}

    /// It is not one of ours.
    record Invalid() implements Opened {}
  }

  /// Seals a call for its caller.
  String park(Caller caller, Parked parked) {
    ObjectNode claims = StrictJson.object();
    claims.put("sub", caller.subject()).put("client", caller.client());
    claims.put("approval", parked.approvalId()).put("tool", parked.tool());
    claims.put("exp", parked.expiresAt().toString());
    claims.set("arguments", parked.arguments());
    return seal.seal(StrictJson.write(claims), ABOUT);
  }

  /// Opens a state that a caller brought.
  Opened open(Caller caller, String state) {
    return claims(state).<Opened>map(claims -> read(caller, claims)).orElseGet(Opened.Invalid::new);
  }

  private Optional<ObjectNode> claims(String state) {
    try {
      return Optional.of(StrictJson.parseObject(seal.open(state, ABOUT)));
    } catch (IllegalStateException
        | IllegalArgumentException
        | ArrayIndexOutOfBoundsException
        | MalformedJsonException invalid) {
      return Optional.empty();
    }
  }

  private Opened read(Caller caller, ObjectNode claims) {
    if (!claims.path("sub").asString("").equals(caller.subject())
        || !claims.path("client").asString("").equals(caller.client())) {
      return new Opened.Foreign();
    }
    Instant expires = Instant.parse(claims.path("exp").asString(""));
    return clock.instant().isBefore(expires)
        ? new Opened.Known(
            new Parked(
                claims.path("approval").asString(""),
                claims.path("tool").asString(""),
                claims.withObject("/arguments"),
                expires))
        : new Opened.Expired();
  }
}
