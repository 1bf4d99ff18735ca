package dev.countersign.sts;

import dev.countersign.policy.Factor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Step-up: its limits, and the factors that are set up.
///
/// @param limits how often and how long
/// @param order the factors in the order in which they are tried where a rule names none
/// @param signIns how people sign in at the approval page, by the name of their anchor
/// @param sms the provider of text messages, or null
public record StepUpSettings(
    Limits limits,
    List<Factor> order,
    Map<String, SignInSettings> signIns,
    @Nullable SmsSettings sms) {
  private static final Duration LONGEST = Duration.ofMinutes(10);
  private static final Duration LONGEST_COOLING = Duration.ofDays(30);

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public StepUpSettings {
    var problems = new ArrayList<String>();
    if (order.isEmpty() || EnumSet.copyOf(order).size() != order.size()) {
      problems.add("step-up: factors must name each factor once, and at least one");
    }
    if (order.contains(Factor.SMSOTP) && sms == null) {
      problems.add("step-up: the factor smsotp needs the section sms");
    }
    if (order.contains(Factor.PASSKEY) && signIns.isEmpty()) {
      problems.add("step-up: the factor passkey needs the section sign-in");
    }
    if (order.contains(Factor.IDP)
        && signIns.values().stream().noneMatch(SignInSettings::asksForStrength)) {
      problems.add(
          "step-up: the factor idp needs acr-values or authentication-contexts in the section sign-in");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    order = List.copyOf(order);
    signIns = Map.copyOf(signIns);
  }

  /// Codes by mail, the default limits, and nobody who could sign in.
  public static StepUpSettings defaults() {
    return new StepUpSettings(Limits.defaults(), List.of(Factor.EMAILOTP), Map.of(), null);
  }

  /// The factors that a rule may want.
  public Set<Factor> factors() {
    return Set.copyOf(order);
  }

  /// Whether the identity provider of an anchor is asked for a new, strong authentication.
  public boolean asksForStrength(String anchor) {
    SignInSettings signIn = signIns.get(anchor);
    return signIn != null && signIn.asksForStrength();
  }

  /// Whether a strength proves something at an anchor.
  public boolean isStrong(String anchor, String strength) {
    SignInSettings signIn = signIns.get(anchor);
    return signIn != null
        && (signIn.acrValues().contains(strength) || signIn.contexts().contains(strength));
  }

  public Duration approvalLifetime() {
    return limits.approvalLifetime();
  }

  public int codeTries() {
    return limits.codeTries();
  }

  public Duration addressCooling() {
    return limits.addressCooling();
  }

  public int promptsPerHour() {
    return limits.promptsPerHour();
  }

  public int strikes() {
    return limits.strikes();
  }

  public Duration strikeWindow() {
    return limits.strikeWindow();
  }

  public int wrongCodesPerHour() {
    return limits.wrongCodesPerHour();
  }

  public int sendsPerHour() {
    return limits.sendsPerHour();
  }

  /// How often and how long.
  ///
  /// @param approvalLifetime how long a person has to answer; over 0 and at most 10 minutes
  /// @param codeTries wrong codes until an approval has failed; 1 to 5
  /// @param promptsPerHour new approvals per person and hour
  /// @param strikes denied or failed approvals within `strikeWindow` that end the person's sessions
  /// @param wrongCodesPerHour wrong codes per person and hour, over all approvals
  /// @param sendsPerHour codes per person, factor and hour
  /// @param addressCooling how long a changed address is known before codes go there; 0 to 30 days
  public record Limits(
      Duration approvalLifetime,
      int codeTries,
      int promptsPerHour,
      int strikes,
      Duration strikeWindow,
      int wrongCodesPerHour,
      int sendsPerHour,
      Duration addressCooling) {

    /// @throws IllegalArgumentException naming every problem at once, one per line
    public Limits {
      var problems = new ArrayList<String>();
      if (!approvalLifetime.isPositive() || approvalLifetime.compareTo(LONGEST) > 0) {
        problems.add("step-up: approval-lifetime must be over 0 and at most 10 minutes");
      }
      if (codeTries < 1 || codeTries > 5) {
        problems.add("step-up: code-tries must be 1 to 5");
      }
      if (promptsPerHour < 1 || promptsPerHour > 100) {
        problems.add("step-up: prompts-per-hour must be 1 to 100");
      }
      if (strikes < 1) {
        problems.add("step-up: strikes must be at least 1");
      }
      if (!strikeWindow.isPositive()) {
        problems.add("step-up: strike-window must be over 0");
      }
      if (wrongCodesPerHour < 1 || wrongCodesPerHour > 100) {
        problems.add("step-up: wrong-codes-per-hour must be 1 to 100");
      }
      if (sendsPerHour < 1 || sendsPerHour > 100) {
        problems.add("step-up: sends-per-hour must be 1 to 100");
      }
      if (addressCooling.isNegative() || addressCooling.compareTo(LONGEST_COOLING) > 0) {
        problems.add("step-up: address-cooling must be 0 to 30 days");
      }
      if (!problems.isEmpty()) {
        throw new IllegalArgumentException(String.join("\n", problems));
      }
    }

    /// Five minutes, five tries, ten prompts an hour, three strikes in five minutes, ten wrong
    /// codes and twenty sent codes an hour, a day for a changed address.
    public static Limits defaults() {
      return new Limits(
          Duration.ofMinutes(5), 5, 10, 3, Duration.ofMinutes(5), 10, 20, Duration.ofHours(24));
    }
  }
}
