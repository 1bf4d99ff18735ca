package dev.countersign.server;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.broker.box.BrokerBox;
import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.prove.Copy;
import dev.countersign.server.prove.Tenant;
import dev.countersign.sts.box.StsBox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/// The refunds example in this process, on free ports over a folder of its own, with parts that can
/// be taken away.
final class ProveCopy implements Copy {
  private final Path data;
  private final House house;
  private Tenant tenant;
  private final InstantSource clock;

  private ProveCopy(Path data, House house, Tenant tenant, InstantSource clock) {
    this.data = data;
    this.house = house;
    this.tenant = tenant;
    this.clock = clock;
  }

  /// Starts one and signs its test person in.
  static Copy start(InstantSource clock) {
    try {
      Path data = Files.createTempDirectory("countersign-prove-");
      House house = House.rehearsal(data, clock);
      try {
        return new ProveCopy(data, house, signedIn(house, clock), clock);
      } catch (RuntimeException failed) {
        house.close();
        delete(data);
        throw failed;
      }
    } catch (IOException failed) {
      throw new UncheckedIOException("no room for a temporary folder", failed);
    }
  }

  private static Tenant signedIn(House house, InstantSource clock) {
    return ProveTenant.of(house.installation(), Optional.empty(), new WireClient(), clock);
  }

  @Override
  public Tenant tenant() {
    return tenant;
  }

  @Override
  public void stop(Part part) {
    switch (part) {
      case IDENTITY_PROVIDER -> house.stop(EntraShapedIdp.class);
      case LEDGER -> sql("countersign", "ALTER TABLE ledger.entry RENAME TO entry_away");
      case BUSINESS_DATABASE ->
          sql(
              "postgres",
              "ALTER DATABASE refunds WITH ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(pid)"
                  + " FROM pg_stat_activity WHERE datname = 'refunds'");
      case BROKER -> house.stop(BrokerBox.class);
      case TOKEN_SERVICE -> house.stop(StsBox.class);
      case STATE_DATABASE -> house.stop(EmbeddedPostgres.class);
    }
  }

  @Override
  public void mend(Part part) {
    switch (part) {
      case IDENTITY_PROVIDER -> {
        house.startEntra(clock);
        tenant = signedIn(house, clock); // it has new keys, so everybody signs in again
      }
      case LEDGER -> sql("countersign", "ALTER TABLE ledger.entry_away RENAME TO entry");
      case BUSINESS_DATABASE ->
          sql("postgres", "ALTER DATABASE refunds WITH ALLOW_CONNECTIONS true");
      case BROKER, TOKEN_SERVICE, STATE_DATABASE ->
          throw new IllegalArgumentException("it stays away until the copy ends");
    }
  }

  private void sql(String database, String statements) {
    DatabaseSettings owner = house.embeddedSuperuser().database(database);
    try (Connection connection =
            DriverManager.getConnection(owner.url(), owner.user(), owner.password().reveal());
        var work = connection.createStatement()) {
      for (String statement : statements.split("; ", -1)) {
        work.execute(statement);
      }
    } catch (SQLException failed) {
      throw new IllegalStateException("the copy's database refused: " + failed.getMessage());
    }
  }

  @Override
  public void close() {
    house.close();
    delete(data);
  }

  private static void delete(Path data) {
    EmbeddedPostgres.delete(data); // as root the cluster lies elsewhere
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException left) {
      System.err.println("could not delete " + data);
    }
  }
}
