package dev.countersign.sts;

import dev.countersign.protocol.Secret;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The mail server that one-time codes are handed to.
///
/// @param from the sender: an address, or `Name <address>`
/// @param credentials how to sign in there, or null where the server asks for nothing
/// @param authorities who may issue the server's certificate; empty for those of the Java platform
public record SmtpSettings(
    String host,
    int port,
    Security security,
    String from,
    @Nullable Credentials credentials,
    List<X509Certificate> authorities) {

  private static final Pattern NAMED = Pattern.compile("[^<>\"\\p{Cntrl}]{1,80} <([^<>]+)>");

  /// @throws IllegalArgumentException naming every problem at once, one per line
  public SmtpSettings {
    var problems = new ArrayList<String>();
    if (host.isBlank()) {
      problems.add("smtp: host is missing");
    }
    if (port < 1 || port > 65535) {
      problems.add("smtp: port must be 1 to 65535");
    }
    if (security == Security.NONE && !Addresses.isLoopback(host)) {
      problems.add("smtp: without TLS the server must be on the loopback interface");
    }
    var named = NAMED.matcher(from);
    if (!MailAddress.isDeliverable(named.matches() ? named.group(1) : from)) {
      problems.add("smtp: from must be a mail address, or a name and <address>");
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("\n", problems));
    }
    authorities = List.copyOf(authorities);
  }

  /// How the connection is protected.
  public enum Security {
    /// No TLS; on the loopback interface only.
    NONE,
    /// TLS after STARTTLS, which the server must offer.
    STARTTLS,
    /// TLS from the first byte.
    TLS
  }

  /// A user at the mail server.
  public record Credentials(String user, Secret password) {}
}
