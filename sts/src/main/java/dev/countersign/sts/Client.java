package dev.countersign.sts;

import dev.countersign.protocol.KeySource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// A registered client: who it is, and the most it may ever ask for.
///
/// @param id the `client_id`, which is also the name of the workload and the `act.sub` of its
///   tokens
/// @param keys its public keys for `private_key_jwt`
/// @param anchors names of the anchors whose people it may act for
/// @param detailTypes types of authorization details it may request
/// @param scopes scopes it may request
/// @param audiences resources it may request tokens for; the only one is its default
/// @param maxLifetime the longest life of its tokens
/// @param displayName how an approval names the agent to the person
public record Client(
    String id,
    KeySource keys,
    Set<String> anchors,
    Set<String> detailTypes,
    Set<String> scopes,
    List<String> audiences,
    Duration maxLifetime,
    String displayName) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._~:/-]{0,127}");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public Client {
    var problems = new ArrayList<String>();
    if (!ID.matcher(id).matches()) {
      problems.add("a client's id must be 1 to 128 plain ASCII characters");
    }
    if (anchors.isEmpty()) {
      problems.add("client " + id + ": anchors must name at least one anchor");
    }
    if (detailTypes.isEmpty()) {
      problems.add("client " + id + ": authorization-details-types must name at least one type");
    }
    if (scopes.isEmpty()) {
      problems.add("client " + id + ": scopes must name at least one scope");
    }
    if (!scopes.stream().allMatch(Scopes::isToken)) {
      problems.add("client " + id + ": a scope holds characters that RFC 6749 does not allow");
    }
    if (audiences.isEmpty()) {
      problems.add("client " + id + ": audiences must name at least one resource");
    }
    if (!maxLifetime.isPositive()) {
      problems.add("client " + id + ": max-lifetime must be over 0");
    }
    if (displayName.isBlank() || displayName.length() > 80) {
      problems.add("client " + id + ": display-name must have 1 to 80 characters");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    anchors = Set.copyOf(anchors);
    detailTypes = Set.copyOf(detailTypes);
    scopes = Set.copyOf(scopes);
    audiences = List.copyOf(audiences);
  }
}
