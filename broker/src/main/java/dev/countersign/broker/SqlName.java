package dev.countersign.broker;

import dev.countersign.protocol.Ids;
import java.util.regex.Pattern;

/// A PostgreSQL name made of lower-case letters, digits and underscores only.
///
/// `CREATE ROLE` and `GRANT` take no bind parameters. What makes writing a name into them safe is
/// that no instance of this type holds a character that could end the name.
///
/// @param text 1 to 63 characters, the longest name PostgreSQL keeps whole
public record SqlName(String text) {
  private static final Pattern SAFE = Pattern.compile("[a-z_][a-z0-9_]{0,62}");
  private static final String BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";
  private static final String MINTED_PREFIX = "cs_";
  private static final int MINTED_RANDOM = 16;

  /// What the name of a minted login looks like, as a regular expression for PostgreSQL and Java.
  public static final String MINTED = "^cs_[0-9a-z]{16}$";

  public SqlName {
    if (!SAFE.matcher(text).matches()) {
      throw new IllegalArgumentException("not a plain PostgreSQL name");
    }
  }

  /// A fresh name for a login: 80 random bits, nothing from the request.
  public static SqlName minted() {
    var name = new StringBuilder(MINTED_PREFIX);
    for (byte random : Ids.bytes(MINTED_RANDOM)) {
      name.append(BASE32.charAt(random & 31));
    }
    return new SqlName(name.toString());
  }

  /// This name as it stands in a statement, so that a reserved word is still a name.
  public String quoted() {
    return '"' + text + '"';
  }
}
