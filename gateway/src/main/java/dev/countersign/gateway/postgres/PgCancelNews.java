package dev.countersign.gateway.postgres;

import dev.countersign.box.Database;
import dev.countersign.gateway.CancelNews;
import dev.countersign.gateway.RunningCalls;
import dev.countersign.protocol.UnavailableException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Cancellations by LISTEN and NOTIFY: the replica that hears a caller need not be the one that
/// makes the call. Threads and replicas may share it.
public final class PgCancelNews implements CancelNews, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PgCancelNews.class);
  private static final Duration WAIT = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /// Parameters: 1 the call's name.
  private static final String TELL = "SELECT pg_notify(current_schema() || '_cancel', ?)";

  private static final String CHANNEL = "SELECT quote_ident(current_schema() || '_cancel')";

  private final Database database;
  private final RunningCalls calls;
  private final Thread listener;
  private volatile boolean closed;

  /// Starts to listen.
  public PgCancelNews(Database database, RunningCalls calls) {
    this.database = database;
    this.calls = calls;
    this.listener = Thread.ofVirtual().name("cancel-news").start(this::listen);
  }

  @Override
  public void tell(String name) {
    calls.cancel(name);
    try {
      database.query(connection -> {
        try (PreparedStatement tell = connection.prepareStatement(TELL)) {
          tell.setString(1, name);
          return tell.execute();
        }
      });
    } catch (UnavailableException away) {
      LOG.warn("other replicas were not told that a call was cancelled: {}", away.getMessage());
    }
  }

  private void listen() {
    while (!closed) {
      @Nullable Connection connection = null;
      try {
        connection = database.dataSource().getConnection();
        subscribe(connection);
        take(connection);
      } catch (SQLException away) {
        pause();
      } finally {
        end(connection);
      }
    }
  }

  private static void subscribe(Connection connection) throws SQLException {
    try (var statement = connection.createStatement()) {
      String channel;
      try (ResultSet row = statement.executeQuery(CHANNEL)) {
        row.next();
        channel = row.getString(1);
      }
      statement.execute("LISTEN " + channel);
    }
  }

  private void take(Connection connection) throws SQLException {
    PGConnection listening = connection.unwrap(PGConnection.class);
    while (!closed) {
      PGNotification @Nullable [] news = listening.getNotifications((int) WAIT.toMillis());
      if (news != null) {
        for (PGNotification one : news) {
          calls.cancel(one.getParameter());
        }
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException closing) {
      closed = true;
    }
  }

  // Back in the pool it would still listen.
  private static void end(@Nullable Connection connection) {
    if (connection != null) {
      try (connection) {
        connection.abort(Runnable::run);
      } catch (SQLException gone) {
        return; // the server forgets a listener whose connection it lost
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    listener.interrupt(); // closes the connection that it waits on
  }
}
