package dev.countersign.ledger.postgres;

import dev.countersign.ledger.Person;
import dev.countersign.protocol.Secret;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// The names and keys of the people that a writer wrote about lately, for one thread. One that is
/// forgotten is forgotten here within a minute; what is written of them until then nobody can read.
final class People {
  private static final Duration REMEMBERED = Duration.ofMinutes(1);
  private static final int MOST = 50_000;

  /// Parameters: 1 subjects, 2 proposed ids, 3 proposed keys.
  private static final String PEOPLE =
      "SELECT person_id, person_subject, person_key FROM ledger.people(?, ?, ?)";

  private final InstantSource clock;
  private final Map<String, Known> known = new LinkedHashMap<>();

  People(InstantSource clock) {
    this.clock = clock;
  }

  /// The people of a group of entries, by subject.
  Map<String, Person> of(Connection connection, Collection<String> subjects) throws SQLException {
    Instant now = clock.instant();
    var people = new HashMap<String, Person>();
    var missing =
        new TreeSet<String>(); // in one order, so that two writers do not block each other
    for (String subject : subjects) {
      Known found = known.get(subject);
      if (found != null && now.isBefore(found.until)) {
        people.put(subject, found.person);
      } else if (!subject.isEmpty()) {
        missing.add(subject);
      }
    }
    if (!missing.isEmpty()) {
      for (Person person : ask(connection, missing.stream().map(Person::unknown).toList())) {
        people.put(person.subject(), person);
        remember(person, now);
      }
    }
    return people;
  }

  private void remember(Person person, Instant now) {
    known.remove(person.subject());
    known.put(person.subject(), new Known(person, now.plus(REMEMBERED)));
    if (known.size() > MOST) {
      known.remove(known.keySet().iterator().next());
    }
  }

  private static List<Person> ask(Connection connection, List<Person> proposed)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(PEOPLE)) {
      statement.setArray(
          1, connection.createArrayOf("text", proposed.stream().map(Person::subject).toArray()));
      statement.setArray(
          2, connection.createArrayOf("text", proposed.stream().map(Person::id).toArray()));
      statement.setArray(
          3,
          connection.createArrayOf(
              "bytea", proposed.stream().map(Person::keyBytes).toArray(byte[][]::new)));
      try (ResultSet rows = statement.executeQuery()) {
        var people = new ArrayList<Person>();
        while (rows.next()) {
          people.add(person(rows.getString(1), rows.getString(2), rows.getBytes(3)));
        }
        return people;
      }
    }
  }

  static Person person(String id, String subject, byte[] key) {
    return new Person(id, subject, new Secret(Base64.getEncoder().encodeToString(key)));
  }

  private record Known(Person person, Instant until) {}
}
