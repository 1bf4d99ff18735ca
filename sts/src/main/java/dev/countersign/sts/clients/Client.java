package dev.countersign.sts.clients;

import dev.countersign.sts.Scopes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// A registered client: who it is, and the most it may ever ask for.
///
/// @param id the `client_id`, which is also the name of the workload and the `act.sub` of its
///   tokens
/// @param credentials how it proves itself
/// @param anchors names of the anchors whose people it may act for
/// @param detailTypes types of authorization details it may request
/// @param scopes scopes it may request
/// @param audiences resources it may request tokens for; the only one is its default
/// @param maxLifetime the longest life of its tokens
/// @param displayName how an approval names the agent to the person
/// @param options what most clients do not need
public record Client(
    String id,
    Credentials credentials,
    Set<String> anchors,
    Set<String> detailTypes,
    Set<String> scopes,
    List<String> audiences,
    Duration maxLifetime,
    String displayName,
    ClientOptions options) {
  /// The scopes of clients that manage event streams; they are for nothing else.
  private static final Set<String> STREAM_SCOPES = Set.of("ssf.manage", "ssf.read");

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._~:/-]{0,127}");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Client {
    var problems = new ArrayList<String>();
    if (!ID.matcher(id).matches()) {
      problems.add("a client's id must be 1 to 128 plain ASCII characters");
    }
    boolean manages = STREAM_SCOPES.stream().anyMatch(scopes::contains);
    if (manages
        && !(STREAM_SCOPES.containsAll(scopes) && anchors.isEmpty() && detailTypes.isEmpty())) {
      problems.add(
          "client " + id + ": a client that manages streams has no other scopes, anchors or types");
    }
    if (manages && audiences.isEmpty()) {
      problems.add("client " + id + ": audiences must name the transmitter");
    }
    boolean exchanges = !manages && (options.introspects().isEmpty() || !audiences.isEmpty());
    if (exchanges && anchors.isEmpty() && options.chains().isEmpty()) {
      problems.add("client " + id + ": anchors must name at least one anchor");
    }
    if (exchanges && detailTypes.isEmpty()) {
      problems.add("client " + id + ": authorization-details-types must name at least one type");
    }
    if (exchanges && scopes.isEmpty()) {
      problems.add("client " + id + ": scopes must name at least one scope");
    }
    if (!scopes.stream().allMatch(Scopes::isToken)) {
      problems.add("client " + id + ": a scope holds characters that RFC 6749 does not allow");
    }
    if (exchanges && audiences.isEmpty()) {
      problems.add("client " + id + ": audiences must name at least one resource");
    }
    if (!maxLifetime.isPositive()) {
      problems.add("client " + id + ": max-lifetime must be over 0");
    }
    if (displayName.isBlank() || displayName.length() > 80) {
      problems.add("client " + id + ": display-name must have 1 to 80 characters");
    }
    if (options.actorRequired() && options.actorAnchors().isEmpty()) {
      problems.add("client " + id + ": actor-required needs actor-anchors");
    }
    if (options.certificateBound() && !credentials.isCertificate()) {
      problems.add("client " + id + ": certificate-bound needs a client that proves a certificate");
    }
    if (options.certificateBound() && options.dpopRequired()) {
      problems.add("client " + id + ": a token is bound to one key: certificate-bound or dpop");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    anchors = Set.copyOf(anchors);
    detailTypes = Set.copyOf(detailTypes);
    scopes = Set.copyOf(scopes);
    audiences = List.copyOf(audiences);
  }

  /// Whether it manages event streams, by the client credentials grant, and exchanges nothing.
  public boolean managesStreams() {
    return STREAM_SCOPES.stream().anyMatch(scopes::contains);
  }
}
