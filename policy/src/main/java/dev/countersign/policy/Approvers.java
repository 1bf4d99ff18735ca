package dev.countersign.policy;

import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Who may approve in place of the person who asks: whoever is one of these people, or in one of
/// these groups, or has one of these roles. Everything begins with its trust anchor, such as
/// `okta|00u1`, so that a group of one identity provider is never taken for another's.
///
/// @param people subject keys
/// @param groups `<anchor>|<group>`, as the identity provider names it
/// @param roles `<anchor>|<role>`
public record Approvers(Set<String> people, Set<String> groups, Set<String> roles) {

  /// @throws IllegalArgumentException if it is nobody
  public Approvers {
    people = Set.copyOf(people);
    groups = Set.copyOf(groups);
    roles = Set.copyOf(roles);
    if (people.isEmpty() && groups.isEmpty() && roles.isEmpty()) {
      throw new IllegalArgumentException("somebody must be able to approve");
    }
  }

  /// Whether somebody is among them.
  ///
  /// @param marks the [#person] that they are, and the [#group]s and [#role]s that their own
  ///   identity provider says they have
  public boolean contains(Set<String> marks) {
    return marks().stream().anyMatch(marks::contains);
  }

  /// Every mark of which one is enough, the same text for the same meaning.
  public SortedSet<String> marks() {
    var marks = new TreeSet<String>();
    people.forEach(one -> marks.add(person(one)));
    groups.forEach(one -> marks.add(group(one)));
    roles.forEach(one -> marks.add(role(one)));
    return marks;
  }

  /// What marks a person.
  ///
  /// @param subject the subject key
  public static String person(String subject) {
    return "person " + subject;
  }

  /// What marks whoever is in a group.
  public static String group(String name) {
    return "group " + name;
  }

  /// What marks whoever has a role.
  public static String role(String name) {
    return "role " + name;
  }

  /// The trust anchors whose people can be among them.
  public Set<String> anchors() {
    return Stream.of(people, groups, roles)
        .flatMap(Set::stream)
        .map(name -> name.substring(0, name.indexOf('|')))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
