package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.box.Together;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.ScopeHistory;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.FactStore;
import dev.countersign.sts.HistoryStore.Kept;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// Gate, attributes and histories in one statement: one round trip, one moment. What several
/// requests ask at the same moment is read by one statement too. Threads may share it.
public final class PgFacts implements FactStore {
  private static final int MOST_AT_ONCE = 64;

  /// Parameters: 1 subjects, 2 subjects and things, 3 names of attributes, 4 keys of histories.
  private static final String READ =
      """
      SELECT 'gate' AS kind, subject, '' AS name, NULL AS value, closed_at AS at, 0 AS version, NULL AS source
        FROM person
       WHERE subject = ANY (?) AND closed_at IS NOT NULL
       UNION ALL
      SELECT 'attribute', subject, name, value::text, at, 0, source
        FROM attribute
       WHERE subject = ANY (?) AND name = ANY (?)
       UNION ALL
      SELECT 'history', '', scope, state, NULL, version, NULL
        FROM history
       WHERE scope = ANY (?)
      """;

  private final Database database;
  private final Together<Question, Facts> questions = new Together<>(MOST_AT_ONCE, this::answer);

  public PgFacts(Database database) {
    this.database = database;
  }

  @Override
  public Facts read(
      String subject, Set<String> attributes, Set<String> scopes, Set<String> things) {
    return questions.ask(new Question(subject, attributes, scopes, things));
  }

  private List<Facts> answer(List<Question> together) {
    Found found = database.query(connection -> found(connection, together));
    return together.stream().map(found::about).toList();
  }

  private static Found found(Connection connection, List<Question> together) throws SQLException {
    var subjects = array(connection, together.stream().map(Question::subject));
    var owners =
        array(
            connection,
            together.stream()
                .flatMap(asked -> Stream.concat(Stream.of(asked.subject), asked.things.stream())));
    var names = array(connection, together.stream().flatMap(asked -> asked.attributes.stream()));
    var scopes = array(connection, together.stream().flatMap(asked -> asked.scopes.stream()));
    var found = new Found(new HashMap<>(), new HashMap<>(), new HashMap<>());
    try (var statement = Sql.bind(connection, READ, subjects, owners, names, scopes);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        switch (rows.getString("kind")) {
          case "gate" -> found.closedAt.put(rows.getString("subject"), Sql.instant(rows, "at"));
          case "attribute" ->
              found
                  .attributes
                  .computeIfAbsent(rows.getString("subject"), _ -> new HashMap<>())
                  .put(
                      rows.getString("name"),
                      new Attribute(
                          StrictJson.parse(rows.getString("value")),
                          rows.getString("source"),
                          Sql.instant(rows, "at")));
          default ->
              found.histories.put(
                  rows.getString("name"),
                  new Kept(rows.getLong("version"), ScopeHistory.parse(rows.getString("value"))));
        }
      }
    }
    return found;
  }

  private static java.sql.Array array(Connection connection, Stream<String> texts)
      throws SQLException {
    return connection.createArrayOf("text", texts.distinct().toArray());
  }

  private record Question(
      String subject, Set<String> attributes, Set<String> scopes, Set<String> things) {}

  /// What one statement found about several requests.
  private record Found(
      Map<String, Instant> closedAt,
      Map<String, Map<String, Attribute>> attributes,
      Map<String, Kept> histories) {

    /// The part that one request asked for; nothing that only another did.
    Facts about(Question asked) {
      Map<String, Attribute> own = new HashMap<>(attributes.getOrDefault(asked.subject, Map.of()));
      own.keySet().retainAll(asked.attributes);
      Map<String, Kept> past = new HashMap<>(histories);
      past.keySet().retainAll(asked.scopes);
      var known = new HashMap<String, Map<String, Attribute>>();
      for (String thing : asked.things) {
        Map<String, Attribute> facts = new HashMap<>(attributes.getOrDefault(thing, Map.of()));
        facts.keySet().retainAll(asked.attributes);
        known.put(thing, facts);
      }
      return new Facts(closedAt.get(asked.subject), own, past, known);
    }
  }
}
