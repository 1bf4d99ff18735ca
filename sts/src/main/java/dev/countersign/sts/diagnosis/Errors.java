package dev.countersign.sts.diagnosis;

import dev.countersign.protocol.OAuthError;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Recognises errors: our own refusals, and what other products answer.
public final class Errors {
  private static final Pattern OURS = Pattern.compile("csg-([0-9]{4})");

  private Errors() {}

  /// The codes that an error text holds or is known by: a `CSG-`, `AADSTS` or `CSIAQ` code, or a
  /// known sentence. The most telling first; empty where nothing is known.
  public static List<Code> in(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    List<Code> named =
        OURS.matcher(lower)
            .results()
            .map(match -> Code.find(match.group(1)))
            .flatMap(Optional::stream)
            .distinct()
            .toList();
    return named.isEmpty()
        ? Arrays.stream(Code.values())
            .filter(code -> weight(code, lower) > 0)
            .sorted(Comparator.comparingInt((Code code) -> weight(code, lower)).reversed())
            .toList()
        : named;
  }

  /// The code of one of our own refusals. There is always one: a refusal that no code knows has the
  /// general one of its error.
  public static Code of(OAuthError error, String reason) {
    String lower = reason.toLowerCase(Locale.ROOT);
    return Arrays.stream(Code.values())
        .filter(code -> code.audience() == Code.Audience.CALLER && isAbout(code, error))
        .filter(code -> weight(code, lower) > 0)
        .max(Comparator.comparingInt(code -> weight(code, lower)))
        .orElseGet(() -> general(error));
  }

  // The same sentence about a token may be said of an assertion: the error tells which it was.
  private static boolean isAbout(Code code, OAuthError error) {
    return switch (error) {
      case INVALID_CLIENT -> code.topic().equals("Clients");
      case INVALID_AUTHORIZATION_DETAILS -> code.topic().equals("Authorization details");
      case INVALID_DPOP_PROOF, USE_DPOP_NONCE -> code == Code.DPOP_PROOF;
      default -> true;
    };
  }

  /// How many characters of the text speak for a code. A foreign code counts as a whole word only:
  /// AADSTS70002 is not in AADSTS7000222.
  private static int weight(Code code, String lower) {
    int best = 0;
    for (String sign : code.signs()) {
      int at = lower.indexOf(sign);
      while (at >= 0) {
        int end = at + sign.length();
        boolean goesOn =
            Character.isDigit(sign.charAt(sign.length() - 1))
                && end < lower.length()
                && Character.isDigit(lower.charAt(end));
        if (!goesOn) {
          best = Math.max(best, sign.length());
        }
        at = lower.indexOf(sign, at + 1);
      }
    }
    return best;
  }

  private static Code general(OAuthError error) {
    return switch (error) {
      case INVALID_CLIENT -> Code.CLIENT;
      case INVALID_GRANT -> Code.GRANT;
      case UNAUTHORIZED_CLIENT -> Code.UNAUTHORIZED;
      case UNSUPPORTED_GRANT_TYPE -> Code.GRANT_TYPE;
      case INVALID_SCOPE -> Code.SCOPE;
      case INVALID_TARGET -> Code.TARGET;
      case INVALID_AUTHORIZATION_DETAILS -> Code.DETAILS;
      case INVALID_DPOP_PROOF, USE_DPOP_NONCE -> Code.DPOP_PROOF;
      case ACCESS_DENIED -> Code.DENIED;
      case TEMPORARILY_UNAVAILABLE -> Code.AWAY;
      default -> Code.REQUEST;
    };
  }
}
