package dev.countersign.sts;

import dev.countersign.policy.Attribute;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Facts about people that their tokens do not carry, and about the things that policies look up.
public interface AttributeStore {
  /// The attribute that holds a delivery address for one-time codes.
  String MAIL = "mail";

  /// How an attribute may be named.
  Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,62}");

  /// How a thing is named: what the policy calls it, then its own key, such as `record:R-7`.
  Pattern THING = Pattern.compile("[a-z][a-z0-9_]{0,62}:(?<key>.+)");

  /// The longest value, as JSON.
  int MAX_VALUE = 4096;

  /// Whether a text can be the key of a person, `<anchor>|<stable id>`, or of a thing.
  static boolean isKey(String text) {
    var thing = THING.matcher(text);
    return Sessions.isSubjectKey(text)
        || (thing.matches() && SubjectTokens.isStableId(thing.group("key")));
  }

  /// The named attributes of one person, as far as they are known.
  Map<String, Attribute> of(String subject, Set<String> names);

  /// Every attribute of one person, by name.
  Map<String, Attribute> all(String subject);

  /// Writes all changes or none.
  ///
  /// @param source who says so, such as `import`
  void change(List<Change> changes, String source, Instant at);

  /// Writes one attribute, over an older value.
  ///
  /// @param subject the key of the person or thing
  default void upsert(String subject, String name, JsonNode value, String source, Instant at) {
    change(List.of(new Change(subject, name, value)), source, at);
  }

  /// Writes all rows or none.
  ///
  /// @return how many were written; or, where `rows` found problems or names an attribute twice,
  ///   nothing was
  Imported importAll(Rows rows, String source, Instant at);

  /// One change.
  ///
  /// @param value what to write, or null to delete
  record Change(String subject, String name, @Nullable JsonNode value) {}

  /// One row to import.
  ///
  /// @param line where it stands in the file
  record Row(long line, String subject, String name, JsonNode value) {}

  /// Rows as they come; a row that cannot be read is left out and noted.
  interface Rows extends Iterator<Row> {
    /// Whether a row was left out until now.
    boolean hasProblems();
  }

  /// How an import ended.
  sealed interface Imported {
    /// Everything is written.
    record Written(long rows) implements Imported {}

    /// Nothing is written.
    ///
    /// @param repeated lines that name an attribute of a person which another line names too; at
    ///   most a hundred
    record Nothing(List<Long> repeated) implements Imported {}
  }
}
