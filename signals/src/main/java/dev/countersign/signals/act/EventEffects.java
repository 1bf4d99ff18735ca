package dev.countersign.signals.act;

import dev.countersign.signals.EventTypes;
import dev.countersign.signals.SecurityEvent;
import java.util.Set;
import java.util.stream.Collectors;

/// What an event means for a person's agents: whether they end, or it is only written down.
///
/// @param ending the types that may end agents; whether one event does depends on what it says
public record EventEffects(Set<String> ending) {
  private static final Set<String> ALL =
      Set.of(
          EventTypes.SESSION_REVOKED,
          EventTypes.RISC_SESSIONS_REVOKED,
          EventTypes.CREDENTIAL_CHANGE,
          EventTypes.CREDENTIAL_COMPROMISE,
          EventTypes.CREDENTIAL_CHANGE_REQUIRED,
          EventTypes.ACCOUNT_DISABLED,
          EventTypes.ACCOUNT_PURGED,
          EventTypes.DEVICE_COMPLIANCE_CHANGE,
          EventTypes.RISK_LEVEL_CHANGE,
          EventTypes.ASSURANCE_LEVEL_CHANGE);

  /// Everything that says that a sign-in, an account or a device is not to be trusted any more.
  public static final EventEffects USUAL = new EventEffects(ALL);

  public EventEffects {
    ending = Set.copyOf(ending);
    if (!ALL.containsAll(ending)) {
      throw new IllegalArgumentException("events must be among those that can end agents");
    }
  }

  /// The types to ask a transmitter for: those that a new one may still send.
  public Set<String> sendable() {
    return ending.stream()
        .filter(EventTypes.SUPPORTED::contains)
        .collect(Collectors.toUnmodifiableSet());
  }

  /// Whether this event ends the person's agents. What an event leaves out counts as the worse of
  /// what it could say.
  public boolean ends(SecurityEvent event) {
    return ending.contains(event.type())
        && switch (event.type()) {
          // A new credential is no reason to distrust the others.
          case EventTypes.CREDENTIAL_CHANGE -> !says(event, "change_type", "create");
          case EventTypes.DEVICE_COMPLIANCE_CHANGE -> !says(event, "current_status", "compliant");
          case EventTypes.RISK_LEVEL_CHANGE ->
              !says(event, "current_level", "LOW") && !says(event, "current_level", "MEDIUM");
          case EventTypes.ASSURANCE_LEVEL_CHANGE -> says(event, "change_direction", "decrease");
          default -> true;
        };
  }

  private static boolean says(SecurityEvent event, String member, String value) {
    return value.equals(event.payload().path(member).asString(""));
  }
}
