package dev.countersign.server.prove;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.agent.ToolList;
import dev.countersign.agent.http.HttpTransport;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// That there is no way to data but a decided call: no call without a token, no login without a
/// mint, no credential where the model reads.
final class AccessAttacks {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Pattern TOKEN =
      Pattern.compile("eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}|SCRAM-SHA-256\\$|\\bhvs?\\.");
  private static final Pattern LOGIN = Pattern.compile("\\bcs_[a-z0-9]{12,}");
  private static final String LIST =
      """
      {"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}
      """;

  /// Logins that last and reach a business table. A minted one ends within the hour; who may change
  /// every table anyway (superusers) is the operator.
  private static final String STANDING =
      """
      SELECT r.rolname
        FROM pg_catalog.pg_roles r
       WHERE r.rolcanlogin
         AND NOT r.rolsuper
         AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil > pg_catalog.now() + interval '1 hour')
         AND EXISTS (
             SELECT FROM pg_catalog.pg_class c
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
                AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'countersign')
                AND n.nspname !~ '^pg_'
                AND (pg_catalog.has_table_privilege(
                       r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                  OR pg_catalog.has_any_column_privilege(
                       r.oid, c.oid, 'SELECT, INSERT, UPDATE')))
       ORDER BY r.rolname
      """;

  private final Tenant tenant;
  private final WireClient wire;
  private final LoginAttacks logins;

  AccessAttacks(Tenant tenant, WireClient wire, LoginAttacks logins) {
    this.tenant = tenant;
    this.wire = wire;
    this.logins = logins;
  }

  Property authorized() {
    return new Property(
        "every-call-authorized",
        "There is no path to data without a decision: every box wants proof from every caller.",
        "somebody on the network without any credential, or with the wrong one",
        this::authorized);
  }

  private void authorized(Scene scene) {
    scene.refused(
        "A23",
        "gateway",
        "a tool call without a token",
        "401",
        () -> mcp(Map.of(), ""),
        Answers.refusal("", 401));
    scene.refused(
        "A23",
        "gateway",
        "a tool call with the token in the address",
        "400 or 401",
        () -> mcp(Map.of(), "?access_token=" + tenant.bearer().reveal()),
        Answers.refusal("", 400, 401));
    scene.refused(
        "A15",
        "gateway",
        "a workload's proof instead of a person's token",
        "401",
        () ->
            mcp(
                Map.of("Authorization", "Bearer " + tenant.client().assertion(tenant.gateway())),
                ""),
        Answers.refusal("", 401));
    scene.refused(
        "A13",
        "gateway",
        "an on-behalf-of token for another resource",
        "401",
        () -> mcp(Map.of("Authorization", "Bearer " + tenant.obo(Writes.small()).reveal()), ""),
        Answers.refusal("", 401));
    scene.refused(
        "C01",
        "sts",
        "an exchange by nobody",
        "400 or 401",
        () ->
            tenant
                .client()
                .token(
                    Map.of(
                        "grant_type",
                        TokenTypes.TOKEN_EXCHANGE_GRANT,
                        "subject_token",
                        tenant.bearer().reveal(),
                        "subject_token_type",
                        tenant.tokenType())),
        Answers.refusal("", 400, 401));
    scene.refused(
        "H15",
        "broker",
        "a login for nobody",
        "400 or 403",
        () ->
            wire.send(
                "POST",
                tenant.broker().resolve("/v1/verify-rar/creds/" + tenant.role()),
                Map.of("Content-Type", "application/json"),
                "{}",
                TIMEOUT),
        Answers.refusal("", 400, 401, 403));
    noPassword(scene, "prove_write", "the group role of minted logins, without a password");
    noPassword(scene, "postgres", "the database's administrator, without a password");
    tool(scene);
  }

  private void tool(Scene scene) {
    if (tenant.tool().isEmpty()) {
      scene.untried("I05", "gateway", "a tool that does not exist", "no prove.tool is named");
      return;
    }
    scene.refused(
        "I05",
        "gateway",
        "a tool that nobody configured",
        "an error",
        () -> agent().callTool(tenant.bearer(), "drop_everything", StrictJson.object()),
        outcome ->
            new Scene.Seen(
                outcome instanceof CallOutcome.Failed || outcome instanceof CallOutcome.Denied,
                Answers.shown(outcome.forModel())));
    scene.refused(
        "I04",
        "gateway",
        "an argument that the tool does not have",
        "an error",
        () ->
            agent()
                .callTool(
                    tenant.bearer(),
                    tenant.tool(),
                    StrictJson.object().put("sql", "SELECT * FROM prove.treasure")),
        outcome ->
            new Scene.Seen(
                outcome instanceof CallOutcome.Failed, Answers.shown(outcome.forModel())));
  }

  private void noPassword(Scene scene, String user, String tried) {
    scene.refused(
        "H12",
        "PostgreSQL",
        tried,
        "it is not let in",
        () -> {
          try (Connection open = DriverManager.getConnection(tenant.database(), user, "")) {
            return new Scene.Seen(false, "let in as " + open.getMetaData().getUserName());
          } catch (SQLException refused) {
            return new Scene.Seen(true, Answers.shown(String.valueOf(refused.getMessage())));
          }
        });
  }

  Property standing() {
    return new Property(
        "no-standing-login",
        "No database login that lasts reaches a business table.",
        "somebody who looks for a password to steal",
        this::standing);
  }

  private void standing(Scene scene) {
    LoginAttacks.Login login = logins.login(tenant.obo(Writes.small()));
    try (Connection reader = logins.open(login)) {
      scene.refused(
          "H11",
          "PostgreSQL",
          "finding a login that lasts and may use a business table",
          "none",
          () -> names(reader),
          found ->
              new Scene.Seen(found.isEmpty(), found.isEmpty() ? "none" : String.join(", ", found)));
      scene.control(
          "PostgreSQL",
          "the catalog shows the minted login itself",
          "one row",
          () -> {
            String refusal =
                LoginAttacks.tried(
                    reader,
                    "SELECT 1 / count(*) FROM pg_catalog.pg_roles"
                        + " WHERE rolname = session_user AND rolcanlogin"
                        + " AND rolvaliduntil < now() + interval '1 hour'");
            return new Scene.Seen(refusal.isEmpty(), refusal.isEmpty() ? "one row" : refusal);
          });
    } catch (SQLException failed) {
      throw new IllegalStateException("the minted login was not let in: " + failed.getMessage());
    } finally {
      tenant.client().revoke(login.lease());
    }
  }

  private static List<String> names(Connection reader) {
    try (var statement = reader.createStatement();
        ResultSet rows = statement.executeQuery(STANDING)) {
      var names = new ArrayList<String>();
      while (rows.next()) {
        names.add(rows.getString(1));
      }
      return names;
    } catch (SQLException failed) {
      throw new IllegalStateException("the catalog was not read: " + failed.getMessage(), failed);
    }
  }

  Property context() {
    return new Property(
        "no-credential-in-context",
        "Nothing that a model reads holds a token, a password or a database login.",
        "a model that was talked into telling what it knows",
        this::context);
  }

  private void context(Scene scene) {
    if (tenant.tool().isEmpty()) {
      scene.untried("I14", "gateway", "looking for credentials", "no prove.tool is named");
      return;
    }
    scene.refused(
        "I14",
        "gateway",
        "finding a credential in the list of tools",
        "none",
        () -> agent().listTools(tenant.bearer()),
        listed ->
            listed instanceof ToolList.Listed tools && !tools.tools().isEmpty()
                ? clean(tools.toString())
                : new Scene.Seen(false, "no tools were listed"));
    scene.refused(
        "I14",
        "gateway",
        "finding a credential in the result of a call",
        "a result, and none",
        () -> agent().callTool(tenant.bearer(), tenant.tool(), StrictJson.object()),
        outcome ->
            outcome instanceof CallOutcome.Done done
                ? clean(done.text() + StrictJson.write(done.structured()) + done.diagnostics())
                : new Scene.Seen(false, Answers.shown(outcome.forModel())));
    scene.refused(
        "I16",
        "gateway",
        "finding a credential in the text of an error",
        "an error, and none",
        () ->
            agent()
                .callTool(
                    tenant.bearer(),
                    tenant.tool(),
                    StrictJson.object().put("password", "tell me yours")),
        outcome ->
            outcome instanceof CallOutcome.Failed failed
                ? clean(failed.text() + failed.diagnostics())
                : new Scene.Seen(false, Answers.shown(outcome.forModel())));
  }

  private Scene.Seen clean(String text) {
    boolean token = TOKEN.matcher(text).find() || text.contains(tenant.bearer().reveal());
    boolean login = LOGIN.matcher(text).find();
    return new Scene.Seen(
        !token && !login,
        token ? "a token" : login ? "a login's name" : text.length() + " characters, none");
  }

  private McpClient agent() {
    return new McpClient(new HttpTransport(tenant.gateway()));
  }

  private WireClient.Answer mcp(Map<String, String> more, String query) {
    var headers = new java.util.HashMap<String, String>(more);
    headers.put("Content-Type", "application/json");
    headers.put("Accept", "application/json, text/event-stream");
    return wire.send("POST", URI.create(tenant.gateway() + query), headers, LIST, TIMEOUT);
  }
}
