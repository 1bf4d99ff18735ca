package dev.countersign.signals.transmit;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// One receiver's stream of security event tokens.
///
/// @param receiver the workload it belongs to; to all others it does not exist
/// @param delivery how its tokens come to the receiver
/// @param eventsDelivered what of the requested types it gets
/// @param reason why it has this status; may be empty
/// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-8.1.1 SSF
///   1.0 §8.1.1
public record Stream(
    String id,
    String receiver,
    List<String> eventsRequested,
    List<String> eventsDelivered,
    Delivery delivery,
    String description,
    Status status,
    String reason) {
  public Stream {
    eventsRequested = List.copyOf(eventsRequested);
    eventsDelivered = List.copyOf(eventsDelivered);
  }

  /// How tokens come to the receiver.
  ///
  /// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-6.1 SSF
  ///   1.0 §6.1
  public sealed interface Delivery {
    /// The method's name on the wire.
    String method();

    /// The receiver fetches them (RFC 8936).
    record Poll() implements Delivery {
      @Override
      public String method() {
        return "urn:ietf:rfc:8936";
      }
    }

    /// We bring them (RFC 8935).
    ///
    /// @param endpoint the receiver's
    /// @param authorization the value of `Authorization` on every push; empty for none
    record Push(URI endpoint, Optional<Secret> authorization) implements Delivery {
      @Override
      public String method() {
        return "urn:ietf:rfc:8935";
      }
    }
  }

  /// Whether a stream sends.
  ///
  /// @spec https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-8.1.2.1
  ///   SSF 1.0 §8.1.2.1
  public enum Status {
    /// Sends.
    ENABLED,
    /// Keeps events and sends them later.
    PAUSED,
    /// Neither sends nor keeps.
    DISABLED;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// The status of that wire name.
    public static Optional<Status> of(String wireName) {
      for (Status status : values()) {
        if (status.wireName().equals(wireName)) {
          return Optional.of(status);
        }
      }
      return Optional.empty();
    }
  }
}
