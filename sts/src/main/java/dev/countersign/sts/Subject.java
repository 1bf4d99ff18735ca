package dev.countersign.sts;

import dev.countersign.policy.Attribute;
import dev.countersign.policy.Factor;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The person of a verified subject token, and what the token said about the sign-in.
///
/// @param key `<anchor>|<stable id>`, the name of the person everywhere
/// @param anchor name of the trust anchor
/// @param issuer the identity provider's `iss`
/// @param stableId what the identity provider calls the person for ever
/// @param expiresAt the token's `exp`; nothing we issue outlives it
/// @param authenticatedAt `auth_time`, or null where the token has none
/// @param authentication `auth_time`, `acr` and `amr` exactly as they came
/// @param attributes what the token says that policy may know
/// @param mail where a one-time code may be sent, or null
/// @param phone the person's number in the form of E.164, or null
public record Subject(
    String key,
    String anchor,
    String issuer,
    String stableId,
    Instant expiresAt,
    @Nullable Instant authenticatedAt,
    ObjectNode authentication,
    Map<String, Attribute> attributes,
    @Nullable String mail,
    @Nullable String phone) {
  public Subject {
    attributes = Map.copyOf(attributes);
  }

  /// Whether a person whose sessions ended at `killedAt` has signed in again since. A token that
  /// does not say when the person signed in proves nothing, so it stays out.
  public boolean signedInAfter(Instant killedAt) {
    return authenticatedAt != null && authenticatedAt.isAfter(killedAt);
  }

  /// Whether the token says all of these, so that the store need not be asked.
  boolean knows(Set<String> names) {
    for (String name : names) {
      boolean known =
          attributes.containsKey(name) || (name.equals(AttributeStore.MAIL) && mail != null);
      if (!known) {
        return false;
      }
    }
    return true;
  }

  /// Where one-time codes may be sent, by factor: a mail address from the token's claim, else from
  /// the store; a number from a claim only. Never what a caller says.
  Map<Factor, String> deliveryAddresses(Map<String, Attribute> all) {
    var addresses = new EnumMap<Factor, String>(Factor.class);
    Optional.ofNullable(mail)
        .or(() -> stored(all, AttributeStore.MAIL))
        .filter(MailAddress::isDeliverable)
        .ifPresent(address -> addresses.put(Factor.EMAILOTP, address));
    Optional.ofNullable(phone).ifPresent(number -> addresses.put(Factor.SMSOTP, number));
    return addresses;
  }

  private static Optional<String> stored(Map<String, Attribute> all, String name) {
    return Optional.ofNullable(all.get(name)).flatMap(Subject::text);
  }

  private static Optional<String> text(Attribute attribute) {
    return attribute.value().isString()
        ? Optional.of(attribute.value().stringValue())
        : Optional.empty();
  }

  /// The token's attributes, with those of the store where the token is silent.
  Map<String, Attribute> attributesWith(Map<String, Attribute> stored) {
    var all = new LinkedHashMap<>(stored);
    all.putAll(attributes);
    return all;
  }
}
