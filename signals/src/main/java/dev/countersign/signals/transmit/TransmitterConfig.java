package dev.countersign.signals.transmit;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.box.Listener;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.signals.EventTypes;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// The transmitter's configuration, valid by construction.
///
/// @param issuer the `iss` of its tokens and the audience of presenter assertions; scheme, host and
///   port only
/// @param sources who may hand in events; at least one
/// @param receivers who may have a stream; at least one
/// @param workloads the public keys of every workload that sources and receivers name
/// @param longestPoll how long a poll is held open when there is nothing to send; 1 s to 10 s
/// @param push how tokens are brought to receivers that want them pushed
/// @param authorizations whose access tokens open the management of streams, beside assertions
/// @param certificates by workload, the SHA-256 thumbprint of the certificate with which it may
///   prove itself instead of an assertion
/// @param keeping what is kept, for how long, and under which key
public record TransmitterConfig(
    Listener listener,
    URI issuer,
    List<Source> sources,
    List<Receiver> receivers,
    Map<String, KeySource> workloads,
    Duration longestPoll,
    Push push,
    List<Authorization> authorizations,
    Map<String, String> certificates,
    Keeping keeping) {
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
    authorizations = List.copyOf(authorizations);
    certificates = Map.copyOf(certificates);
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
    checkNames(authorizations.stream().map(Authorization::issuer).toList(), "issuers", problems);
    checkNames(receivers.stream().map(Receiver::workload).toList(), "receivers", problems);
    var named = new TreeSet<String>();
    sources.forEach(source -> named.addAll(source.workloads()));
    if (authorizations.isEmpty()) { // else it may prove itself by access tokens alone
      receivers.forEach(receiver -> named.add(receiver.workload()));
    }
    named.removeAll(workloads.keySet());
    named.removeAll(certificates.keySet());
    if (certificates.values().stream().distinct().count() != certificates.size()) {
      problems.add("certificates must not name one certificate for two workloads");
    }
    Set<String> issuers =
        authorizations.stream().map(Authorization::issuer).collect(Collectors.toSet());
    for (Source source : sources) {
      if (source.shownAt().isPresent() && !issuers.contains(source.subjectIssuer())) {
        problems.add("source " + source.id() + ": nobody can check the tokens that it must show");
      }
    }
    if (!named.isEmpty()) {
      problems.add("workloads lacks the key of " + named);
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// A configuration without access tokens, and with the usual rules for pushes.
  public TransmitterConfig(
      Listener listener,
      URI issuer,
      List<Source> sources,
      List<Receiver> receivers,
      Map<String, KeySource> workloads,
      Duration longestPoll) {
    this(
        listener,
        issuer,
        sources,
        receivers,
        workloads,
        longestPoll,
        Push.USUAL,
        List.of(),
        Map.of(),
        Keeping.usual(new Secret("")));
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
  /// @param anchors the anchors whose people it may speak about; empty for all
  /// @param perMinute how many new events it may hand in within a minute
  /// @param oldForm set where it sends events in the form of older mappers
  /// @param shownAt the resource of the on-behalf-of tokens that it must show: then it may speak
  ///   only about people who act there just now, each by a token of that person
  public record Source(
      String id,
      Set<String> workloads,
      Set<String> eventTypes,
      String subjectIssuer,
      Set<String> anchors,
      int perMinute,
      Optional<OldForm> oldForm,
      Optional<String> shownAt) {
    /// What a source may hand in within a minute if nothing else is configured.
    public static final int USUAL_PER_MINUTE = 6_000;

    private static final int MOST_PER_MINUTE = 100_000;

    public Source {
      anchors = Set.copyOf(anchors);
      if (perMinute < 1 || perMinute > MOST_PER_MINUTE) {
        throw new IllegalArgumentException(
            "source " + id + ": per-minute must be 1 to " + MOST_PER_MINUTE);
      }
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

    /// A source that may speak about everybody of an issuer, as often as usual.
    public Source(String id, Set<String> workloads, Set<String> eventTypes, String subjectIssuer) {
      this(
          id,
          workloads,
          eventTypes,
          subjectIssuer,
          Set.of(),
          USUAL_PER_MINUTE,
          Optional.empty(),
          Optional.empty());
    }
  }

  /// How tokens are pushed.
  ///
  /// @param internalHosts hosts of endpoints that may be on the loopback interface or in a private
  ///   network; others must be public and speak https
  /// @param authorities PEM file of the certificate authorities to trust instead of the platform's
  /// @param giveUpAfter how long after an event was accepted it is tried
  public record Push(Set<String> internalHosts, Optional<Path> authorities, Duration giveUpAfter) {
    /// To public endpoints, for a week.
    public static final Push USUAL = new Push(Set.of(), Optional.empty(), Duration.ofDays(7));

    public Push {
      internalHosts = Set.copyOf(internalHosts);
      if (!giveUpAfter.isPositive()) {
        throw new IllegalArgumentException("give-up-after must be over 0");
      }
    }
  }

  /// What is kept, for how long, and under which key.
  ///
  /// @param sealKey closes receivers' secrets in the database; made for one start if it is empty
  /// @param mostWaiting how many events may wait in one stream, paused or not; beyond it the oldest
  ///   are dead, and told as such
  /// @param settled how long events that every stream is done with are kept
  public record Keeping(Secret sealKey, int mostWaiting, Duration settled) {
    private static final int SHORTEST = 32;
    private static final int MOST_WAITING = 1_000_000;
    private static final Duration SETTLED = Duration.ofDays(30);

    public Keeping {
      if (!sealKey.reveal().isEmpty() && sealKey.reveal().length() < SHORTEST) {
        throw new IllegalArgumentException("seal-key must have at least 32 characters");
      }
      if (mostWaiting < 1) {
        throw new IllegalArgumentException("most-waiting must be at least 1");
      }
      if (!settled.isPositive()) {
        throw new IllegalArgumentException("keep-settled must be over 0");
      }
    }

    /// A million events waiting, a month for those that are settled.
    public static Keeping usual(Secret sealKey) {
      return new Keeping(sealKey, MOST_WAITING, SETTLED);
    }
  }

  /// An authorization server whose access tokens open the management of streams: `aud` is our
  /// issuer, `client_id` the receiver's name, `scope` holds `ssf.manage` or `ssf.read`.
  ///
  /// @param issuer the `iss` of its tokens
  public record Authorization(String issuer, KeySource keys) {
    public Authorization {
      if (issuer.isBlank()) {
        throw new IllegalArgumentException("an authorization server needs an issuer");
      }
    }
  }

  /// Who may have a stream.
  ///
  /// @param workload its name as a presenter
  /// @param audience the `aud` of its stream's tokens, usually its own address
  /// @param algorithm what its stream is signed with, `ES256` or `RS256`
  /// @param ownKey signs its stream and no other; without one, the transmitter's key for the
  ///   algorithm does
  public record Receiver(String workload, String audience, String algorithm, Optional<JWK> ownKey) {
    public Receiver {
      if (workload.isBlank() || audience.isBlank()) {
        throw new IllegalArgumentException("a receiver needs a workload and an audience");
      }
      if (!Set.of("ES256", "RS256").contains(algorithm)) {
        throw new IllegalArgumentException(
            "receiver " + workload + ": algorithm must be ES256 or RS256");
      }
      if (ownKey.isPresent() && !new JwtSigner(ownKey.get()).algorithm().equals(algorithm)) {
        throw new IllegalArgumentException(
            "receiver " + workload + ": its own key is not one for " + algorithm);
      }
    }

    /// A receiver whose stream is signed with the transmitter's key.
    public Receiver(String workload, String audience, String algorithm) {
      this(workload, audience, algorithm, Optional.empty());
    }
  }
}
