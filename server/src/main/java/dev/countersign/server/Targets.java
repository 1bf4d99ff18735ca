package dev.countersign.server;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.PrivateFiles;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.server.config.BrokerSection.EmbeddedDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Set;

/// The business databases inside the embedded PostgreSQL: makes them when they are missing and
/// gives the broker its CREATEROLE login there.
final class Targets {
  private static final SqlName MINT = new SqlName("countersign_mint");
  private static final int PASSWORD_LENGTH = 43;

  private final DatabaseSettings superuser;
  private final Secret mintPassword;

  /// @param secrets the folder where the broker's password is kept
  Targets(DatabaseSettings superuser, Path secrets) {
    this.superuser = superuser;
    this.mintPassword =
        new Secret(
            PrivateFiles.loadOrCreate(
                secrets.resolve(MINT.text()), () -> Ids.base62(PASSWORD_LENGTH)));
  }

  /// The broker's login in a database.
  DatabaseSettings mintLogin(String database) {
    return superuser.database(database).as(MINT.text(), mintPassword);
  }

  /// Makes a database that is not there yet, from its SQL files.
  ///
  /// @param reset whether to drop one that is there first
  void prepare(EmbeddedDatabase database, boolean reset) {
    boolean isNew = create(new SqlName(database.name()), reset);
    DatabaseSettings owner = superuser.database(database.name());
    InitTarget.run(
        owner,
        new InitTarget.Plan(
            MINT, mintPassword, Set.copyOf(database.groups()), Set.copyOf(database.tableOwners())));
    if (isNew) {
      var scripts = new ArrayList<String>();
      database.setup().forEach(file -> scripts.add(text(file)));
      InitTarget.runScripts(owner, scripts);
      InitTarget.closeOtherDatabases(owner);
    }
  }

  private boolean create(SqlName name, boolean reset) {
    try (Connection connection =
            DriverManager.getConnection(
                superuser.url(), superuser.user(), superuser.password().reveal());
        Statement statement = connection.createStatement()) {
      if (reset) {
        statement.execute("DROP DATABASE IF EXISTS " + name.quoted() + " WITH (FORCE)");
      }
      try (var rows =
          statement.executeQuery(
              "SELECT 1 FROM pg_catalog.pg_database WHERE datname = '" + name.text() + "'")) {
        if (rows.next()) {
          return false;
        }
      }
      statement.execute("CREATE DATABASE " + name.quoted());
      return true;
    } catch (SQLException failed) {
      throw new IllegalStateException(
          "the database " + name.text() + " cannot be made: " + failed.getMessage(), failed);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException("cannot read " + file, unreadable);
    }
  }
}
