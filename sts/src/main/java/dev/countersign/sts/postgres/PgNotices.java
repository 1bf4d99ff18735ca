package dev.countersign.sts.postgres;

import dev.countersign.box.Database;
import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Decision;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.NoticeStore;
import dev.countersign.sts.Notices;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Notices, kept until whom they are for has them. Threads may share it.
public final class PgNotices implements Notices, NoticeStore {
  private static final String KEEP =
      """
      INSERT INTO notice (id, name, body, created_at, next_try_at)
      SELECT id, name, ?::jsonb, ?, ?
        FROM unnest(?, ?) AS told (id, name)
      """;

  private static final String DUE =
      """
      UPDATE notice
         SET next_try_at = ?, attempts = attempts + 1
       WHERE id IN (SELECT id
                      FROM notice
                     WHERE next_try_at <= ?
                     ORDER BY next_try_at
                     LIMIT ?
                       FOR UPDATE SKIP LOCKED)
      RETURNING id, name, body, attempts, mailed_at, posted_at
      """;

  private static final String MAILED = "UPDATE notice SET mailed_at = ? WHERE id = ?";

  private static final String POSTED = "UPDATE notice SET posted_at = ? WHERE id = ?";

  private static final String FORGET = "DELETE FROM notice WHERE id = ?";

  private static final String RETRY = "UPDATE notice SET next_try_at = ? WHERE id = ?";

  private final Database database;
  private final InstantSource clock;

  public PgNotices(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  @Override
  public void tell(String jti, AccessRequest asked, JsonNode details, Decision decision) {
    List<String> names = decision.grounds().told();
    String body = StrictJson.write(body(jti, asked, details, decision));
    Instant now = clock.instant();
    database.query(connection ->
        Sql.update(
            connection,
            KEEP,
            body,
            now,
            now,
            connection.createArrayOf("text", names.stream().map(_ -> Ids.random()).toArray()),
            connection.createArrayOf("text", names.toArray())));
  }

  private static ObjectNode body(
      String jti, AccessRequest asked, JsonNode details, Decision decision) {
    ObjectNode body =
        StrictJson.object()
            .put("jti", jti)
            .put("at", asked.now().toString())
            .put("outcome", decision.outcome().code())
            .put("reason", decision.reason())
            .put("subject", asked.subject())
            .put("client_id", asked.client())
            .put("actor", asked.actor())
            .put("policy_version", decision.policyVersion());
    ArrayNode rules = body.putArray("rules");
    decision.matches().forEach(match -> rules.add(match.rule()));
    body.set("authorization_details", details);
    return body;
  }

  @Override
  public List<Due> due(Instant now, Instant until, int limit) {
    return database.query(connection -> {
      var due = new ArrayList<Due>();
      try (var statement = Sql.bind(connection, DUE, until, now, limit);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          due.add(
              new Due(
                  rows.getString("id"),
                  rows.getString("name"),
                  rows.getString("body"),
                  rows.getInt("attempts"),
                  reached(rows)));
        }
      }
      return due;
    });
  }

  private static Set<Channel> reached(ResultSet row) throws SQLException {
    var reached = EnumSet.noneOf(Channel.class);
    if (row.getObject("mailed_at") != null) {
      reached.add(Channel.MAIL);
    }
    if (row.getObject("posted_at") != null) {
      reached.add(Channel.WEBHOOK);
    }
    return reached;
  }

  @Override
  public void reached(String id, Channel channel, Instant at) {
    String sql =
        switch (channel) {
          case MAIL -> MAILED;
          case WEBHOOK -> POSTED;
        };
    database.query(connection -> Sql.update(connection, sql, at, id));
  }

  @Override
  public void told(String id) {
    database.query(connection -> Sql.update(connection, FORGET, id));
  }

  @Override
  public void retry(String id, Instant at) {
    database.query(connection -> Sql.update(connection, RETRY, at, id));
  }
}
