package dev.countersign.signals.act;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;

/// A transmitter of somebody else, such as the company's identity provider, whose events end the
/// person's agents here: sessions at the token service and leases. It ends nobody of another
/// anchor.
///
/// @param name in addresses, logs and metrics
/// @param issuer the `iss` of its tokens; its metadata is found by it
/// @param audience the one `aud` of its tokens for us
/// @param anchor whose people it may speak about
/// @param subjectIssuer the `iss` of its `iss_sub` subjects
/// @param takesOpaqueIds whether an `opaque` id is the person's stable id
/// @param perMinute how many events it may have us act on within a minute; more come later
/// @param effects which types of events end agents
/// @param delivery how its tokens come here
/// @param hosts further hosts where its endpoints may be, and which of them may be internal
public record Inbound(
    String name,
    URI issuer,
    String audience,
    String anchor,
    String subjectIssuer,
    boolean takesOpaqueIds,
    int perMinute,
    EventEffects effects,
    Delivery delivery,
    Hosts hosts) {
  /// What a transmitter may have us act on within a minute if nothing else is configured.
  public static final int USUAL_PER_MINUTE = 600;

  private static final int MOST_PER_MINUTE = 100_000;
  private static final int SHORTEST_HEADER = 24;

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Inbound {
    var problems = new ArrayList<String>();
    if (!name.matches("[a-z0-9][a-z0-9-]{0,62}")) {
      problems.add("the name of an inbound transmitter must be a plain lower-case name");
    }
    if (issuer.getHost() == null
        || issuer.getRawQuery() != null
        || issuer.getRawFragment() != null
        || !("https".equals(issuer.getScheme()) || hosts.internal().contains(issuer.getHost()))) {
      problems.add(
          "inbound " + name + ": issuer must be https, or http at a host of internal-hosts");
    }
    if (audience.isBlank() || anchor.isBlank() || subjectIssuer.isBlank()) {
      problems.add("inbound " + name + ": audience, anchor and subject-issuer must not be empty");
    }
    if (anchor.indexOf('|') >= 0) {
      problems.add("inbound " + name + ": anchor is a name without |");
    }
    if (perMinute < 1 || perMinute > MOST_PER_MINUTE) {
      problems.add("inbound " + name + ": per-minute must be 1 to " + MOST_PER_MINUTE);
    }
    if (delivery instanceof Delivery.Push(Secret header)
        && header.reveal().length() < SHORTEST_HEADER) {
      problems.add("inbound " + name + ": push-authorization must have at least 24 characters");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// How its tokens come here.
  public sealed interface Delivery {

    /// We fetch them (RFC 8936), over a stream that we find or create.
    record Poll(Access access) implements Delivery {}

    /// It brings them (RFC 8935) to `/ssf/push/<name>` at our address; the stream is set up there.
    ///
    /// @param authorization what it must send as `Authorization`
    record Push(Secret authorization) implements Delivery {}
  }

  /// How its stream management knows us.
  public sealed interface Access {
    /// A token that does not change.
    record Token(Secret bearer) implements Access {}

    /// Access tokens by client credentials.
    record Client(URI tokenEndpoint, String clientId, ClientProof proof, String scope)
        implements Access {}
  }

  /// Which hosts are called for it.
  ///
  /// @param further hosts of endpoints beside the issuer's own
  /// @param internal hosts that may be on loopback or in a private network
  /// @param authorities PEM file of the certificate authorities to trust instead of the platform's
  public record Hosts(Set<String> further, Set<String> internal, Optional<Path> authorities) {
    public Hosts {
      further = Set.copyOf(further);
      internal = Set.copyOf(internal);
    }
  }
}
