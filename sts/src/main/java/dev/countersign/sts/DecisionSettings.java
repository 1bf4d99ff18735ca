package dev.countersign.sts;

import dev.countersign.protocol.AntennaIngest;
import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What surrounds the policy: who is told, who else decides, who may ask for decisions.
///
/// @param told by the names that rules use in `notify`
/// @param giveBack by audience: the broker that knows whether a token was ever used; what unused
///   grants took from counters is given back there
/// @param callers by name: programs that may ask for decisions through AuthZEN
/// @param blocked how many blocked calls end a person's sessions; none where it is empty
/// @param antenna an IBM Antenna that is told of ended sessions instead of our transmitter
public record DecisionSettings(
    Map<String, Told> told,
    Map<String, URI> giveBack,
    Optional<Outside> outside,
    Map<String, Caller> callers,
    Optional<Blocked> blocked,
    Optional<AntennaIngest> antenna) {
  public DecisionSettings {
    told = Map.copyOf(told);
    giveBack = Map.copyOf(giveBack);
    callers = Map.copyOf(callers);
  }

  /// Without an end by blocked calls.
  public DecisionSettings(
      Map<String, Told> told,
      Map<String, URI> giveBack,
      Optional<Outside> outside,
      Map<String, Caller> callers) {
    this(told, giveBack, outside, callers, Optional.empty(), Optional.empty());
  }

  /// Nobody is told, nobody else decides, nobody may ask.
  public static DecisionSettings none() {
    return new DecisionSettings(Map.of(), Map.of(), Optional.empty(), Map.of());
  }

  /// The same, with what unused grants took given back.
  public DecisionSettings givingBack(Map<String, URI> brokers) {
    return new DecisionSettings(told, brokers, outside, callers, blocked, antenna);
  }

  /// When calls that policy denied end the person's sessions.
  ///
  /// @param calls how many, at least 2
  /// @param within in which time, a window that slides
  public record Blocked(int calls, Duration within) {
    public Blocked {
      if (calls < 2 || !within.isPositive()) {
        throw new IllegalArgumentException(
            "kill-after-blocked: calls must be at least 2, within must be over 0");
      }
    }
  }

  /// Where a notice goes.
  ///
  /// @param mail addresses
  /// @param webhook gets each notice as a JSON object by POST, or null
  public record Told(List<String> mail, @Nullable URI webhook) {
    public Told {
      mail = List.copyOf(mail);
      if (mail.isEmpty() && webhook == null) {
        throw new IllegalArgumentException("notify: name `mail` addresses or a `webhook`");
      }
      if (!mail.stream().allMatch(MailAddress::isDeliverable)) {
        throw new IllegalArgumentException("notify: mail holds what is no address");
      }
      if (webhook != null && !Addresses.isWeb(webhook)) {
        throw new IllegalArgumentException(
            "notify: webhook must be an https URL, or http on the loopback interface");
      }
    }
  }

  /// A decision point of another maker.
  ///
  /// @param isAlone whether our own rules are not asked
  /// @param evaluation the address of its Access Evaluation API
  /// @param token its bearer token, or null
  /// @param timeout after which no answer is a denial
  public record Outside(boolean isAlone, URI evaluation, @Nullable Secret token, Duration timeout) {
    private static final Duration LONGEST = Duration.ofSeconds(10);

    public Outside {
      if (!Addresses.isWeb(evaluation)) {
        throw new IllegalArgumentException(
            "decision-point: url must be an https URL, or http on the loopback interface");
      }
      if (!timeout.isPositive() || timeout.compareTo(LONGEST) > 0) {
        throw new IllegalArgumentException(
            "decision-point: timeout must be over 0 and at most 10 seconds");
      }
    }
  }

  /// A program that asks for decisions.
  ///
  /// @param token proves it
  /// @param client the client whose requests it asks about
  /// @param anchors whose people it may ask about
  /// @param isTrusted whether facts about people in its requests count; else only the store's do
  /// @param isOperator whether it learns what would have to change, which is an oracle
  public record Caller(
      Secret token, String client, Set<String> anchors, boolean isTrusted, boolean isOperator) {
    private static final int SHORTEST = 24;

    public Caller {
      anchors = Set.copyOf(anchors);
      if (token.reveal().length() < SHORTEST) {
        throw new IllegalArgumentException(
            "authzen: a caller's token must have at least 24 characters");
      }
    }
  }
}
