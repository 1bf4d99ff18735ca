package dev.countersign.policy;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.Optional;

/// Which regular expressions may be used. RE2 never backtracks, but it writes repetitions out: ten
/// characters such as `((a{999}){999}){999}` would be a program of a billion steps.
final class SafePattern {
  private static final long MOST_STEPS = 10_000;

  private SafePattern() {}

  /// What is wrong with a regular expression; empty if it may be used.
  static Optional<String> problem(String pattern) {
    if (steps(pattern) > MOST_STEPS) {
      return Optional.of(
          "the regular expression repeats too much: more than " + MOST_STEPS + " steps");
    }
    try {
      Pattern.compile(pattern);
      return Optional.empty();
    } catch (PatternSyntaxException broken) {
      return Optional.of("not a regular expression (RE2 syntax)");
    }
  }

  /// How many steps a pattern is about, once its repetitions are written out.
  private static long steps(String pattern) {
    var outer = new ArrayDeque<Long>();
    long all = 0;
    long last = 0;
    for (int i = 0; i < pattern.length() && all <= MOST_STEPS; i++) {
      long times = 0;
      switch (pattern.charAt(i)) {
        case '\\' -> i++;
        case '[' -> i = endOfClass(pattern, i);
        case '(' -> {
          outer.push(all);
          all = 0;
          continue;
        }
        case ')' -> {
          last = all + 1;
          all = (outer.isEmpty() ? 0 : outer.pop()) + last;
          continue;
        }
        case '{' -> times = times(pattern, i);
        default -> {}
      }
      if (times > 0) {
        all += last * (times - 1);
        last *= times;
      } else {
        last = 1;
        all++;
      }
    }
    while (!outer.isEmpty()) {
      all += outer.pop();
    }
    return all;
  }

  private static int endOfClass(String pattern, int start) {
    // a bracket right at the beginning is a member of the class
    int from = pattern.startsWith("^", start + 1) ? start + 3 : start + 2;
    for (int i = from; i < pattern.length(); i++) {
      if (pattern.charAt(i) == '\\') {
        i++;
      } else if (pattern.charAt(i) == ']') {
        return i;
      }
    }
    return pattern.length();
  }

  /// The most times of `{2}`, `{2,}` or `{2,5}`; 0 where the brace begins none of them.
  private static long times(String pattern, int start) {
    int end = pattern.indexOf('}', start);
    String inside = end < 0 ? "" : pattern.substring(start + 1, end);
    if (!inside.matches("[0-9]{1,5}(,[0-9]{0,5})?")) {
      return 0;
    }
    int comma = inside.indexOf(',');
    String most =
        comma < 0 || comma == inside.length() - 1
            ? inside.replace(",", "")
            : inside.substring(comma + 1);
    return Math.max(1, Long.parseLong(most));
  }
}
