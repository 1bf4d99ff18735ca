package dev.countersign.sts;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/// The provider that one-time codes by text message are handed to.
///
/// @param form how it wants to be spoken to
/// @param address where messages are posted
/// @param from the sender that people see: a number or name, or null where the provider has its own
/// @param user for the Twilio form: the account; else empty
/// @param secret for the Twilio form: its token; for a webhook: the key that signs each message
public record SmsSettings(
    Form form, URI address, @Nullable String from, String user, Secret secret) {

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public SmsSettings {
    var problems = new ArrayList<String>();
    if (!Addresses.isWeb(address)) {
      problems.add("sms: url must be an https URL, or http on the loopback interface");
    }
    if (form == Form.TWILIO && (user.isBlank() || from == null)) {
      problems.add("sms: a provider of type twilio needs user and from");
    }
    if (secret.reveal().length() < 16) {
      problems.add("sms: secret needs at least 16 characters");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
  }

  /// The ways to hand over a message.
  public enum Form {
    /// A form with `To`, `From` and `Body`, and HTTP basic authentication.
    TWILIO,
    /// JSON with `to`, `from`, `text` and `id`, signed with HMAC-SHA-256.
    WEBHOOK
  }
}
