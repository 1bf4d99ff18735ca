package dev.countersign.broker.postgres;

import dev.countersign.box.Database;
import dev.countersign.broker.OnBehalfOfToken;
import dev.countersign.broker.Presenter;
import dev.countersign.broker.TokenId;
import dev.countersign.broker.vault.Session;
import dev.countersign.broker.vault.Session.Holder;
import dev.countersign.broker.vault.SessionStore;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TypeVersions;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Sessions in the broker's schema.
public final class PgSessionStore implements SessionStore {
  /// Holds everybody else who opens a session with the same token. Parameters: 1 token.
  private static final String HOLD =
      "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(?, 7))";

  /// Parameters: 1 issuer, 2 token, 3 now.
  private static final String OPEN =
      """
      SELECT count(*)
        FROM vault_session
       WHERE token_issuer = ? AND token_id = ? AND expires_at > ?
      """;

  /// Parameters: 1 digest, 2 accessor, 3 operator, 4 issuer, 5 token, 6 holder, 7 issued, 8
  /// expires, 9 longest.
  private static final String INSERT =
      """
      INSERT INTO vault_session (digest, accessor, operator, token_issuer, token_id, holder,
                                 issued_at, expires_at, longest_until)
      VALUES (?, ?, ?, ?, ?, ?::json, ?, ?, ?)
      """;

  /// Parameters: 1 digest.
  private static final String FIND =
      """
      SELECT accessor, operator, token_issuer, token_id, holder, issued_at, expires_at, longest_until
        FROM vault_session
       WHERE digest = ?
      """;

  /// Parameters: 1 until, 2 until, 3 digest.
  private static final String EXTEND =
      "UPDATE vault_session SET expires_at = ? WHERE longest_until >= ? AND digest = ?";

  private static final String REMOVE = "DELETE FROM vault_session WHERE digest = ?";

  private static final String FORGET = "DELETE FROM vault_session WHERE expires_at < ?";

  private final Database database;

  public PgSessionStore(Database database) {
    this.database = database;
  }

  @Override
  public boolean add(String digest, Session session, int most, Instant now) {
    return database.transaction(connection -> {
      Holder holder = session.holder();
      @Nullable TokenId token =
          holder instanceof Holder.OfRequest request ? request.token().id() : null;
      if (token != null) {
        try (var hold = connection.prepareStatement(HOLD)) {
          hold.setString(1, token.jti());
          hold.execute();
        }
        try (var open = connection.prepareStatement(OPEN)) {
          if (count(open, token, now) >= most) {
            return false;
          }
        }
      }
      try (var insert = connection.prepareStatement(INSERT)) {
        insert.setString(1, digest);
        insert.setString(2, session.accessor());
        insert.setString(
            3, holder instanceof Holder.Operator operator ? operator.workload() : null);
        insert.setString(4, token == null ? null : token.issuer());
        insert.setString(5, token == null ? null : token.jti());
        insert.setString(6, StrictJson.write(json(holder)));
        insert.setObject(7, utc(session.issuedAt()));
        insert.setObject(8, utc(session.expiresAt()));
        insert.setObject(9, utc(session.longestUntil()));
        return insert.executeUpdate() == 1;
      }
    });
  }

  @Override
  public Optional<Session> find(String digest) {
    return database.query(connection -> {
      try (var find = connection.prepareStatement(FIND)) {
        find.setString(1, digest);
        try (var rows = find.executeQuery()) {
          return rows.next() ? Optional.of(session(rows)) : Optional.<Session>empty();
        }
      }
    });
  }

  @Override
  public boolean extend(String digest, Instant until) {
    return database.query(connection -> {
      try (var extend = connection.prepareStatement(EXTEND)) {
        extend.setObject(1, utc(until));
        extend.setObject(2, utc(until));
        extend.setString(3, digest);
        return extend.executeUpdate() == 1;
      }
    });
  }

  @Override
  public boolean remove(String digest) {
    return database.query(connection -> {
      try (var remove = connection.prepareStatement(REMOVE)) {
        remove.setString(1, digest);
        return remove.executeUpdate() == 1;
      }
    });
  }

  @Override
  public void forget(Instant before) {
    database.query(connection -> {
      try (var forget = connection.prepareStatement(FORGET)) {
        forget.setObject(1, utc(before));
        return forget.executeUpdate();
      }
    });
  }

  @Override
  public boolean isOpen(TokenId token, Instant now) {
    return database.query(connection -> {
      try (var open = connection.prepareStatement(OPEN)) {
        return count(open, token, now) > 0;
      }
    });
  }

  private static int count(PreparedStatement open, TokenId token, Instant now) throws SQLException {
    open.setString(1, token.issuer());
    open.setString(2, token.jti());
    open.setObject(3, utc(now));
    try (var rows = open.executeQuery()) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private static ObjectNode json(Holder holder) {
    ObjectNode json = StrictJson.object();
    if (holder instanceof Holder.OfRequest(var token, var role, var audience, var presenter)) {
      json.put("role", role)
          .put("audience", audience)
          .put("sub", token.subject())
          .put("client_id", token.client())
          .put("actor", token.actor())
          .put("iat", token.issuedAt().toEpochMilli())
          .put("exp", token.expiresAt().toEpochMilli())
          .put("jkt", token.binding().key())
          .put("x5t", token.binding().certificate());
      json.set("authorization_details", token.details().json());
      json.set(TypeVersions.CLAIM, token.versions().json());
      json.putObject("presenter")
          .put("name", presenter.name())
          .put("jkt", presenter.keyThumbprint())
          .put("x5t", presenter.certificateThumbprint());
    }
    return json;
  }

  private static Session session(ResultSet rows) throws SQLException {
    @Nullable String operator = rows.getString("operator");
    ObjectNode json = StrictJson.parseObject(rows.getString("holder"));
    Holder holder =
        operator != null
            ? new Holder.Operator(operator)
            : ofRequest(
                json, new TokenId(rows.getString("token_issuer"), rows.getString("token_id")));
    return new Session(
        rows.getString("accessor"),
        holder,
        instant(rows, "issued_at"),
        instant(rows, "expires_at"),
        instant(rows, "longest_until"));
  }

  private static Holder ofRequest(ObjectNode json, TokenId id) {
    var presenter = json.path("presenter");
    return new Holder.OfRequest(
        new OnBehalfOfToken(
            id,
            json.path("sub").stringValue(),
            json.path("client_id").stringValue(),
            json.path("actor").stringValue(),
            Instant.ofEpochMilli(json.path("iat").longValue()),
            Instant.ofEpochMilli(json.path("exp").longValue()),
            AuthorizationDetails.of(json.path("authorization_details")),
            TypeVersions.of(json.path(TypeVersions.CLAIM)),
            new OnBehalfOfToken.Binding(
                json.path("jkt").stringValue(), json.path("x5t").stringValue())),
        json.path("role").stringValue(),
        json.path("audience").stringValue(),
        new Presenter(
            presenter.path("name").stringValue(),
            presenter.path("jkt").stringValue(),
            presenter.path("x5t").stringValue()));
  }

  private static Instant instant(ResultSet rows, String column) throws SQLException {
    return rows.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static OffsetDateTime utc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
