package dev.countersign.idp;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The people who can sign in. Threads may share it.
public final class Directory {
  private final List<Person> people;

  public Directory(List<Person> people) {
    this.people = List.copyOf(people);
  }

  static void check(List<Person> people, List<String> problems) {
    var names = new HashSet<String>();
    for (Person person : people) {
      if (!names.add(person.username().toLowerCase(Locale.ROOT)) || !names.add(person.id())) {
        problems.add("two people have the same username or id");
      }
    }
  }

  public List<Person> people() {
    return people;
  }

  /// By the name that is typed, in any case of letters.
  public Optional<Person> byUsername(String username) {
    return people.stream().filter(p -> p.username().equalsIgnoreCase(username)).findFirst();
  }

  /// By stable id or username, and by nothing else: a mail address that is not the username finds
  /// nobody.
  public Optional<Person> byKey(String key) {
    return people.stream()
        .filter(p -> p.id().equals(key) || p.username().equalsIgnoreCase(key))
        .findFirst();
  }
}
