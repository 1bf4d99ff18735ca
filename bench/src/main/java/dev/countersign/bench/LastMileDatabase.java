package dev.countersign.bench;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.postgres.EmbeddedPostgres;
import dev.countersign.broker.SqlName;
import dev.countersign.broker.postgres.InitTarget;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Business databases for measuring logins: forty tables each in the schema `public`; gone when
/// they are closed.
///
/// Each sequence has a database of its own: grants on tables swell the catalog of the database that
/// they are made in, and no sequence should pay for another's. Ours is prepared as `init-db` does,
/// with the policy that `rls suggest` writes; the others have no row-level security, since Vault's
/// documentation asks for none, and so do not pay for it.
final class LastMileDatabase implements AutoCloseable {
  static final SqlName GROUP = new SqlName("countersign_bench_read");
  static final String STATEMENT = "SELECT count(*) FROM public.orders";

  /// The tables of the catalog that minting churns.
  static final List<String> CATALOG =
      List.of("pg_authid", "pg_auth_members", "pg_db_role_setting", "pg_shdepend");

  private static final List<String> NAMES =
      List.of("countersign_bench_ours", "countersign_bench_vault", "countersign_bench_reassign");
  private static final SqlName MINT = new SqlName("countersign_bench_mint");

  private static final String TABLES =
      """
      DO $tables$
      BEGIN
          FOR n IN 1..39 LOOP
              EXECUTE format('CREATE TABLE public.t%s (id bigint PRIMARY KEY, a text, b text, c text,'
                  || ' d bigint, e bigint, f timestamptz, g text)', n);
          END LOOP;
      END
      $tables$;
      CREATE TABLE public.orders (order_id bigint PRIMARY KEY, case_id text, amount bigint);
      INSERT INTO public.orders SELECT n, 'R-' || n % 100, n FROM generate_series(1, 1000) n;
      CREATE INDEX ON public.orders (case_id);
      ANALYZE public.orders;
      """;

  private static final String POLICY =
      """
      ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
      ALTER TABLE public.orders FORCE ROW LEVEL SECURITY;
      CREATE POLICY approved ON public.orders FOR SELECT TO countersign_bench_read
          USING (case_id = (SELECT countersign.request_text(
              'operationDetails.caseId', 'urn:bench', 'read')));
      GRANT USAGE ON SCHEMA public TO countersign_bench_read;
      GRANT SELECT ON public.orders TO countersign_bench_read;
      """;

  private final DatabaseSettings server;
  private final DatabaseSettings mint;
  private final @Nullable EmbeddedPostgres started;
  private final @Nullable Path data;

  private LastMileDatabase(
      DatabaseSettings server,
      DatabaseSettings mint,
      @Nullable EmbeddedPostgres started,
      @Nullable Path data) {
    this.server = server;
    this.mint = mint;
    this.started = started;
    this.data = data;
  }

  /// In a fresh embedded PostgreSQL.
  static LastMileDatabase embedded() throws IOException, SQLException {
    Path data = Files.createTempDirectory("countersign-bench-");
    EmbeddedPostgres postgres = EmbeddedPostgres.start(data);
    return prepared(postgres.superuser(), postgres, data);
  }

  /// On a server of your own.
  ///
  /// @param superuser may make roles and databases; the URL names any database
  static LastMileDatabase on(DatabaseSettings superuser) throws SQLException {
    return prepared(superuser, null, null);
  }

  private static LastMileDatabase prepared(
      DatabaseSettings superuser, @Nullable EmbeddedPostgres started, @Nullable Path data)
      throws SQLException {
    var password = new Secret(Ids.base62(43));
    drop(superuser);
    for (String name : NAMES) {
      execute(superuser, "CREATE DATABASE " + name);
      execute(superuser.database(name), TABLES);
    }
    DatabaseSettings owner = superuser.database(NAMES.getFirst());
    InitTarget.run(owner, new InitTarget.Plan(MINT, password, Set.of(GROUP), Set.of()));
    execute(owner, POLICY);
    DatabaseSettings mint = superuser.database(NAMES.getFirst()).as(MINT.text(), password);
    return new LastMileDatabase(superuser, mint, started, data);
  }

  /// The owner's login at the database of one sequence, as Vault would have it.
  ///
  /// @param sequence 0 ours, 1 Vault's, 2 the one with REASSIGN and DROP OWNED
  DatabaseSettings owner(int sequence) {
    return server.database(NAMES.get(sequence));
  }

  /// The broker's CREATEROLE login.
  DatabaseSettings mint() {
    return mint;
  }

  /// `VACUUM` of what minting churns, as the operations page says.
  void vacuumCatalog() throws SQLException {
    execute(
        owner(0),
        "VACUUM (ANALYZE) pg_catalog.pg_authid, pg_catalog.pg_auth_members,"
            + " pg_catalog.pg_db_role_setting, pg_catalog.pg_shdepend");
  }

  /// What the catalog of roles takes on disk, and how many minted logins are there.
  String catalog() throws SQLException {
    return ask(
        "SELECT sum(pg_total_relation_size(c)) FROM unnest(ARRAY['pg_catalog.pg_authid',"
            + " 'pg_catalog.pg_auth_members', 'pg_catalog.pg_db_role_setting',"
            + " 'pg_catalog.pg_shdepend']::regclass[]) c");
  }

  /// What one of these tables takes on disk with its indexes, in bytes.
  ///
  /// @param table one of [#CATALOG]
  String size(String table) throws SQLException {
    return ask("SELECT pg_total_relation_size('pg_catalog." + table + "')");
  }

  String leftOvers() throws SQLException {
    return ask(
        "SELECT (SELECT count(*) FROM pg_roles WHERE rolname ~ '^(cs_|v-)')"
            + " + (SELECT count(*) FROM countersign.approved_request)");
  }

  String version() throws SQLException {
    return ask("SELECT current_setting('server_version')");
  }

  private String ask(String sql) throws SQLException {
    try (Connection connection = Database.connect(owner(0));
        var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static void drop(DatabaseSettings superuser) throws SQLException {
    for (String name : NAMES) {
      execute(superuser, "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    }
    execute(superuser, "DROP ROLE IF EXISTS " + MINT.quoted());
    execute(superuser, "DROP ROLE IF EXISTS " + GROUP.quoted());
  }

  static void execute(DatabaseSettings settings, String sql) throws SQLException {
    try (Connection connection = Database.connect(settings);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws IOException, SQLException {
    if (started == null || data == null) {
      drop(server);
      return;
    }
    started.close();
    EmbeddedPostgres.delete(data);
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
