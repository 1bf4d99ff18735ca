package dev.countersign.policy;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// "Did you mean": the known name that a misspelt one is closest to.
final class Nearest {
  private static final int TOO_FAR = 4;

  private Nearest() {}

  /// A hint to append to a message: the nearest name, else all of them, else nothing.
  static String hint(String name, Collection<String> known) {
    String didYouMean = didYouMean(name, known);
    return didYouMean.isEmpty() && !known.isEmpty()
        ? "; known here: " + String.join(", ", known)
        : didYouMean;
  }

  /// A hint to append to a message: the nearest name, else nothing.
  static String didYouMean(String name, Collection<String> known) {
    @Nullable String best = null;
    int bestDistance = Math.min(TOO_FAR, Math.max(2, name.length() / 2 + 1));
    for (String candidate : known) {
      int distance = distance(name, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return best == null ? "" : "; did you mean `" + best + "`?";
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int above = row[j];
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, Math.min(above, row[j - 1]) + 1);
        diagonal = above;
      }
    }
    return row[b.length()];
  }
}
