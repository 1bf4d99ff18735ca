package dev.countersign.signals.transmit;

import dev.countersign.box.Listener;
import dev.countersign.protocol.KeySource;
import dev.countersign.signals.EventTypes;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The transmitter's configuration, valid by construction.
///
/// @param issuer the `iss` of its tokens and the audience of presenter assertions; scheme, host and
///   port only
/// @param sources who may hand in events; at least one
/// @param receivers who may have a stream; at least one
/// @param workloads the public keys of every workload that sources and receivers name
/// @param longestPoll how long a poll is held open when there is nothing to send; 1 s to 10 s
public record TransmitterConfig(
    Listener listener,
    URI issuer,
    List<Source> sources,
    List<Receiver> receivers,
    Map<String, KeySource> workloads,
    Duration longestPoll) {
  /// How long a poll is held open if nothing else is configured.
  public static final Duration DEFAULT_LONGEST_POLL = Duration.ofSeconds(8);

  private static final Duration MOST = Duration.ofSeconds(10);

  /// Checks every setting before it gives up.
  ///
  /// @throws IllegalArgumentException naming every problem at once, one per line
  public TransmitterConfig {
    sources = List.copyOf(sources);
    receivers = List.copyOf(receivers);
    workloads = Map.copyOf(workloads);
    var problems = new ArrayList<String>();
    if (!isIssuer(issuer)) {
      problems.add("issuer must be scheme, host and port of an http or https address, no path");
    }
    if (sources.isEmpty()) {
      problems.add("sources must name at least one source");
    }
    if (receivers.isEmpty()) {
      problems.add("receivers must name at least one receiver");
    }
    if (longestPoll.compareTo(Duration.ofSeconds(1)) < 0 || longestPoll.compareTo(MOST) > 0) {
      problems.add("longest-poll must be 1 to 10 seconds");
    }
    checkNames(sources.stream().map(Source::id).toList(), "sources", problems);
    checkNames(receivers.stream().map(Receiver::workload).toList(), "receivers", problems);
    var named = new TreeSet<String>();
    sources.forEach(source -> named.addAll(source.workloads()));
    receivers.forEach(receiver -> named.add(receiver.workload()));
    named.removeAll(workloads.keySet());
    if (!named.isEmpty()) {
      problems.add("workloads lacks the key of " + named);
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  private static void checkNames(List<String> names, String key, List<String> problems) {
    if (new HashSet<>(names).size() != names.size()) {
      problems.add(key + " must not name one twice");
    }
  }

  private static boolean isIssuer(URI issuer) {
    return ("https".equals(issuer.getScheme()) || "http".equals(issuer.getScheme()))
        && issuer.getHost() != null
        && issuer.getRawPath().isEmpty()
        && issuer.getRawQuery() == null
        && issuer.getRawFragment() == null
        && issuer.getRawUserInfo() == null;
  }

  /// Who may hand in which events about whom.
  ///
  /// @param id its name in the address, such as `sts`
  /// @param workloads who may speak for it
  /// @param eventTypes what it may say; among [EventTypes#SUPPORTED]
  /// @param subjectIssuer whose subjects it may speak about: the `iss` of `sub_id`
  public record Source(
      String id, Set<String> workloads, Set<String> eventTypes, String subjectIssuer) {
    public Source {
      workloads = Set.copyOf(workloads);
      eventTypes = Set.copyOf(eventTypes);
      if (!id.matches("[a-z0-9][a-z0-9-]{0,62}")) {
        throw new IllegalArgumentException("the id of a source must be a plain lower-case name");
      }
      if (workloads.isEmpty() || eventTypes.isEmpty() || subjectIssuer.isBlank()) {
        throw new IllegalArgumentException(
            "source " + id + " needs workloads, event-types and a subject-issuer");
      }
      if (!EventTypes.SUPPORTED.containsAll(eventTypes)) {
        throw new IllegalArgumentException(
            "source " + id + ": event-types must be among " + EventTypes.SUPPORTED);
      }
    }
  }

  /// Who may have a stream.
  ///
  /// @param workload its name as a presenter
  /// @param audience the `aud` of its stream's tokens, usually its own address
  /// @param algorithm what its stream is signed with, `ES256` or `RS256`
  public record Receiver(String workload, String audience, String algorithm) {
    public Receiver {
      if (workload.isBlank() || audience.isBlank()) {
        throw new IllegalArgumentException("a receiver needs a workload and an audience");
      }
      if (!Set.of("ES256", "RS256").contains(algorithm)) {
        throw new IllegalArgumentException(
            "receiver " + workload + ": algorithm must be ES256 or RS256");
      }
    }
  }
}
