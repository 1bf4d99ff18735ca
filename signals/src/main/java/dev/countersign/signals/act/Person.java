package dev.countersign.signals.act;

import java.util.regex.Pattern;

/// Whose sessions are to end, as `anchor|stable id`.
///
/// @param subject the whole subject
/// @param anchor which identity provider knows them; empty if the subject names none
/// @param id their stable id there
public record Person(String subject, String anchor, String id) {
  /// Ids that can stand in a path as they are: never `..`, never a slash.
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,127}");

  public static Person of(String subject) {
    int bar = subject.indexOf('|');
    return bar < 0
        ? new Person(subject, "", subject)
        : new Person(subject, subject.substring(0, bar), subject.substring(bar + 1));
  }

  /// Whether the id has the form that identity providers give out.
  public boolean hasPlainId() {
    return PLAIN.matcher(id).matches();
  }
}
