package dev.countersign.idp;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Strengths of an authentication that applications can ask for: Okta's values of `acr`, and
/// Entra's authentication contexts, each of which takes a second factor here.
public final class Strengths {
  /// Okta: a password will do.
  public static final String ONE_FACTOR = "urn:okta:loa:1fa:any";

  private static final Set<String> TWO_FACTORS =
      Set.of("urn:okta:loa:2fa:any", "urn:okta:loa:2fa:any:ifpossible");
  private static final Pattern CONTEXT = Pattern.compile("c[1-9][0-9]?");

  private Strengths() {}

  static boolean takesSecondFactor(String strength) {
    return TWO_FACTORS.contains(strength) || isContext(strength);
  }

  /// Whether a strength is one of Entra's authentication contexts, `c1` to `c99`.
  public static boolean isContext(String strength) {
    return CONTEXT.matcher(strength).matches();
  }

  /// Those of the strengths that an authentication reached.
  static List<String> reached(List<String> asked, boolean hadSecondFactor) {
    return asked.stream()
        .filter(one -> hadSecondFactor ? takesSecondFactor(one) : one.equals(ONE_FACTOR))
        .toList();
  }
}
