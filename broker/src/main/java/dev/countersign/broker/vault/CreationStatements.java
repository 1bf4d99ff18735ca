package dev.countersign.broker.vault;

import dev.countersign.broker.SqlName;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `creation_statements` and `grants` ask for. The broker never runs a caller's SQL: it reads
/// from it which group roles a login is to be a member of, and refuses everything else.
final class CreationStatements {
  private static final String NAME = "\"?\\{\\{name}}\"?";
  private static final Pattern CREATE =
      Pattern.compile(
          "CREATE (?:ROLE|USER) "
              + NAME
              + "(?: WITH)?(?: LOGIN| INHERIT| (?:ENCRYPTED )?PASSWORD '\\{\\{password}}'"
              + "| VALID UNTIL '\\{\\{expiration}}')+",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern GRANT =
      Pattern.compile("GRANT ([a-z0-9_\", ]+) TO " + NAME, Pattern.CASE_INSENSITIVE);

  private CreationStatements() {}

  /// The group roles that the statements grant.
  ///
  /// @param member where they stand, for the complaint
  /// @throws IllegalArgumentException if a statement is anything else than the login itself or a
  ///   membership
  static Set<SqlName> groups(List<String> statements, String member) {
    var groups = new LinkedHashSet<SqlName>();
    for (String text : statements) {
      for (String part : text.split(";", -1)) {
        String statement = part.strip().replaceAll("\\s+", " ");
        Matcher grant = GRANT.matcher(statement);
        if (grant.matches()) {
          for (String group : grant.group(1).split(",", -1)) {
            groups.add(group(group.strip(), member));
          }
        } else if (!statement.isEmpty() && !CREATE.matcher(statement).matches()) {
          throw new IllegalArgumentException(
              "`"
                  + member
                  + "` may make the login (CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD"
                  + " '{{password}}' VALID UNTIL '{{expiration}}') and grant group roles to it"
                  + " (GRANT … TO \"{{name}}\"); rights on tables belong to group roles");
        }
      }
    }
    return groups;
  }

  private static SqlName group(String text, String member) {
    try {
      return new SqlName(text.replaceAll("^\"(.*)\"$", "$1"));
    } catch (IllegalArgumentException notPlain) {
      throw new IllegalArgumentException(
          "`" + member + "` grants a role whose name is not a plain PostgreSQL name", notPlain);
    }
  }
}
