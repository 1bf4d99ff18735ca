package dev.countersign.gateway.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Turns `:name` in a statement into `?` and remembers the names, leaving texts, quoted names,
/// comments and `::` casts alone. One use per instance.
final class NamedParameters {
  private final String source;
  private final Consumer<String> problem;
  private final StringBuilder sql = new StringBuilder();
  private final List<String> names = new ArrayList<>();
  private int at;

  private NamedParameters(String source, Consumer<String> problem) {
    this.source = source;
    this.problem = problem;
  }

  /// A statement as JDBC wants it.
  ///
  /// @param sql with `?` for each parameter
  /// @param names the argument for each `?`, in order
  record Parsed(String sql, List<String> names) {}

  static Parsed parse(String source, Consumer<String> problem) {
    var parser = new NamedParameters(source.strip(), problem);
    parser.run();
    return new Parsed(parser.sql.toString(), List.copyOf(parser.names));
  }

  private void run() {
    while (at < source.length()) {
      char c = source.charAt(at);
      if (c == '\'') {
        copyQuoted('\'', startsEscapeText());
      } else if (c == '"') {
        copyQuoted('"', false);
      } else if (source.startsWith("--", at)) {
        copyTo(source.indexOf('\n', at), 1);
      } else if (source.startsWith("/*", at)) {
        copyComment();
      } else if (c == '$') {
        copyDollar();
      } else if (source.startsWith("::", at)) {
        copy(2);
      } else if (c == ':' && at + 1 < source.length() && isNameStart(source.charAt(at + 1))) {
        parameter();
      } else if (c == '?') {
        // The driver reads `?` as a parameter; doubled, it is PostgreSQL's own operator again.
        sql.append("??");
        at++;
      } else if (c == ';') {
        end();
      } else {
        copy(1);
      }
    }
  }

  private void parameter() {
    int start = at + 1;
    int stop = start;
    while (stop < source.length() && isNamePart(source.charAt(stop))) {
      stop++;
    }
    names.add(source.substring(start, stop));
    sql.append('?');
    at = stop;
  }

  private void end() {
    if (!source.substring(at + 1).isBlank()) {
      problem.accept("holds more than one statement");
      copy(source.length() - at);
    } else {
      at = source.length();
    }
  }

  private boolean startsEscapeText() {
    return at > 0
        && (source.charAt(at - 1) == 'E' || source.charAt(at - 1) == 'e')
        && (at == 1 || !isNamePart(source.charAt(at - 2)));
  }

  private void copyQuoted(char quote, boolean backslashes) {
    int stop = at + 1;
    while (stop < source.length()) {
      char c = source.charAt(stop);
      if (backslashes && c == '\\') {
        stop += 2;
      } else if (c != quote) {
        stop++;
      } else if (stop + 1 < source.length() && source.charAt(stop + 1) == quote) {
        stop += 2;
      } else {
        copy(stop + 1 - at);
        return;
      }
    }
    problem.accept("has a text or name without its closing quote");
    copy(source.length() - at);
  }

  private void copyComment() {
    int depth = 0;
    int stop = at;
    do {
      if (source.startsWith("/*", stop)) {
        depth++;
        stop += 2;
      } else if (source.startsWith("*/", stop)) {
        depth--;
        stop += 2;
      } else {
        stop++;
      }
    } while (depth > 0 && stop < source.length());
    if (depth > 0) {
      problem.accept("has a comment without its end");
    }
    copy(Math.min(stop, source.length()) - at);
  }

  private void copyDollar() {
    int close = source.indexOf('$', at + 1);
    String tag = close < 0 ? "" : source.substring(at, close + 1);
    boolean insideName = at > 0 && isNamePart(source.charAt(at - 1));
    if (insideName || !tag.matches("\\$([A-Za-z_][A-Za-z0-9_]*)?\\$")) {
      copy(1);
      return;
    }
    int end = source.indexOf(tag, close + 1);
    if (end < 0) {
      problem.accept("has a dollar-quoted text without its end");
    }
    copyTo(end, tag.length());
  }

  private void copyTo(int found, int length) {
    copy((found < 0 ? source.length() : found + length) - at);
  }

  private void copy(int count) {
    sql.append(source, at, Math.min(at + count, source.length()));
    at += count;
  }

  private static boolean isNameStart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  private static boolean isNamePart(char c) {
    return isNameStart(c) || (c >= '0' && c <= '9');
  }
}
