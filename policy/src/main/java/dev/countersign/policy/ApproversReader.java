package dev.countersign.policy;

import dev.countersign.config.ConfigSection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads and writes `by` of a rule's `step_up`.
final class ApproversReader {
  private static final String BY = "by";
  private static final String PEOPLE = "people";
  private static final String GROUPS = "groups";
  private static final String ROLES = "roles";
  private static final int MOST = 100;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}\\|.{1,255}");

  private ApproversReader() {}

  /// Who else is to approve; empty where nobody else is.
  static List<Approvers> read(ConfigSection stepUp) {
    Optional<ConfigSection> by = stepUp.optionalSection(BY);
    if (by.isEmpty()) {
      return List.of();
    }
    ConfigSection section = by.get();
    Set<String> people = names(section, PEOPLE);
    Set<String> groups = names(section, GROUPS);
    Set<String> roles = names(section, ROLES);
    section.done();
    if (!section.has(PEOPLE) && !section.has(GROUPS) && !section.has(ROLES)) {
      stepUp.problem(BY, "name at least one of people, groups and roles");
    }
    boolean isNobody = people.isEmpty() && groups.isEmpty() && roles.isEmpty();
    return isNobody ? List.of() : List.of(new Approvers(people, groups, roles));
  }

  private static Set<String> names(ConfigSection section, String key) {
    List<String> names = section.texts(key);
    if (section.has(key) && names.isEmpty()) {
      section.problem(key, "name at least one, or leave the key out");
    }
    if (names.size() > MOST) {
      section.problem(key, "more than " + MOST + " names");
    }
    if (!names.stream()
        .allMatch(name -> NAME.matcher(name).matches() && !Display.hasHidden(name))) {
      section.problem(key, "each begins with its trust anchor and a bar, such as `okta|00u1`");
    }
    return new TreeSet<>(names);
  }

  /// The canonical form.
  static void write(ObjectNode by, Approvers approvers) {
    write(by, PEOPLE, approvers.people());
    write(by, GROUPS, approvers.groups());
    write(by, ROLES, approvers.roles());
  }

  private static void write(ObjectNode by, String key, Set<String> names) {
    if (!names.isEmpty()) {
      ArrayNode list = by.putArray(key);
      new TreeSet<>(names).forEach(list::add);
    }
  }
}
