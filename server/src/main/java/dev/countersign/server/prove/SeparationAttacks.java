package dev.countersign.server.prove;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.Wire;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the key or the database login of one box cannot do at another.
final class SeparationAttacks {
  private static final List<String> OPERATOR_CALLS =
      List.of("/v1.0/auth/kills", "/v1.0/auth/openings");

  private static final String WITHOUT_TABLES = "console";

  private final Tenant tenant;
  private final Wire wire;
  private final InstantSource clock;

  SeparationAttacks(Tenant tenant, Wire wire, InstantSource clock) {
    this.tenant = tenant;
    this.wire = wire;
    this.clock = clock;
  }

  Property property() {
    return new Property(
        "trust-separated",
        "The key and the database login of a box do nothing at the others.",
        "whoever took over one box",
        this::play);
  }

  private void play(Scene scene) {
    if (tenant.inside().isEmpty()) {
      scene.untried("L02", "all", "one box's key at another", "the boxes' keys are not here");
      return;
    }
    Inside inside = tenant.inside().get();
    String person = Workload.claims(tenant.obo(Writes.small())).path("sub").asString("");
    String body = StrictJson.write(StrictJson.object().put("sub", person).put("reason", "attack"));
    new TreeMap<>(inside.boxKeys())
        .forEach((box, key) -> {
          var taken = new Workload(wire, box, key, tenant.sts(), tenant.broker(), clock);
          OPERATOR_CALLS.forEach(path ->
              call(scene, taken, "sts", "an operator's call, " + path, tenant.sts(), path, body));
          if (!box.equals("receiver")) {
            call(
                scene,
                taken,
                "broker",
                "ending a person's leases, which the receiver may",
                tenant.broker(),
                "/v1/countersign/subjects/revoke",
                StrictJson.write(StrictJson.object().put("sub", person).put("txn", "attack")));
          }
          scene.refused(
              "H05",
              "broker",
              "a login for another workload's token, with the key of the " + box,
              "403",
              () -> taken.mint(tenant.obo(Writes.small()), tenant.role()),
              Answers.refusal("", 403));
        });
    new TreeMap<>(inside.boxLogins()).forEach((box, login) -> databases(scene, box, login, inside));
  }

  private static void call(
      Scene scene, Workload taken, String box, String what, URI at, String path, String body) {
    scene.refused(
        "L02",
        box,
        what + ", with the key of the " + taken.name(),
        "401 or 403",
        () -> taken.send(at, "POST", path, body),
        Answers.refusal("", 401, 403));
  }

  private static void databases(Scene scene, String box, DatabaseSettings login, Inside inside) {
    try (Connection taken =
        DriverManager.getConnection(login.url(), login.user(), login.password().reveal())) {
      for (String other : new TreeMap<>(inside.boxLogins()).keySet()) {
        if (!other.equals(box) && !other.equals(WITHOUT_TABLES)) {
          refused(
              scene,
              taken,
              "looking into the tables of the " + other + ", with the login of the " + box,
              "DO $$ DECLARE one text; BEGIN"
                  + " SELECT pg_catalog.quote_ident(c.relname) INTO STRICT one"
                  + " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                  + " ON n.oid = c.relnamespace WHERE n.nspname = '"
                  + other
                  + "' AND c.relkind = 'r' ORDER BY 1 LIMIT 1;"
                  + " EXECUTE 'SELECT * FROM "
                  + other
                  + ".' || one || ' LIMIT 1'; END $$");
        }
      }
      Map.of(
              "changing an entry of the ledger",
              "UPDATE ledger.entry SET event = 'x' WHERE false",
              "removing entries of the ledger",
              "DELETE FROM ledger.entry WHERE false",
              "emptying the ledger",
              "TRUNCATE ledger.entry",
              "reading the ledger's entries",
              "SELECT 1 FROM ledger.entry LIMIT 1")
          .forEach(
              (what, sql) -> refused(scene, taken, what + ", with the login of the " + box, sql));
    } catch (SQLException failed) {
      throw new IllegalStateException(
          "the login of the " + box + " was not let in: " + failed.getMessage());
    }
  }

  private static void refused(Scene scene, Connection taken, String tried, String sql) {
    scene.refused(
        "L02",
        "PostgreSQL",
        tried,
        "permission denied",
        () -> {
          String refusal = LoginAttacks.tried(taken, sql);
          return new Scene.Seen(
              refusal.contains("permission denied"),
              refusal.isEmpty() ? "it was done" : Answers.shown(refusal));
        });
  }
}
