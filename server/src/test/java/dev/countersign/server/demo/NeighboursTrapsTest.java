package dev.countersign.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import com.sun.net.httpserver.HttpServer;
import dev.countersign.box.KeyFiles;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.StrictJson;
import dev.countersign.server.Main;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

/// Every trap of Entra (E), Okta (O) and the chain (C), by what shows it: a token, what an issuer
/// publishes, or an error. What a person reads of it at the command line names the code, the cause
/// and the one fix.
class NeighboursTrapsTest {
  private static final String TENANT = "11111111-2222-3333-4444-555555555555";
  private static final String API = "66666666-7777-8888-9999-000000000000";
  private static final String ENTRA = "https://login.microsoftonline.com/" + TENANT + "/v2.0";
  private static final String ENTRA_V1 = "https://sts.windows.net/" + TENANT + "/";
  private static final String GRAPH = "00000003-0000-0000-c000-000000000000";
  private static final String GUEST = "g_x.example#EXT#@contoso.example";
  private static final String OKTA = "https://contoso.okta.com/oauth2/default";
  private static final ECKey KEY = KeyFiles.newEc();

  private static final String DISCOVERY = "/.well-known/openid-configuration";
  private static final Map<String, String> TENANTS =
      Map.of(
          "entra", TENANT,
          "entra-mail", other(2),
          "entra-sub", other(3),
          "entra-v1", other(4));

  private static final String OWN_SCOPE = "scope api://<app>/<scope>";
  private static final String MANIFEST = "requestedAccessTokenVersion to 2";
  private static final String CUSTOM_SERVER = "use a custom authorization server";

  private static final List<Row> ROWS =
      List.of(
          token("E1", 101, OWN_SCOPE, "entra", claims -> claims.put("aud", GRAPH)),
          token("E1", 101, OWN_SCOPE, "entra", c -> c.put("aud", "https://graph.microsoft.com")),
          error("E1", 44, "doctor idp", "CSIAQ0197E"),
          error("E1", 52, "sign in with a listed application", "CSIAQ0158E"),
          nonce("E2", 102, "request a scope of your own API"),
          token("E3", 103, MANIFEST, "entra", NeighboursTrapsTest::version1),
          token("E4", 104, MANIFEST, "entra", NeighboursTrapsTest::version1),
          token("E5", 105, "/discovery/v2.0/keys", "entra-v1", c -> c.put("iss", ENTRA)),
          idp("E5", 105, "/discovery/v2.0/keys", "old-keys"),
          token("E6", 106, "exactly the form", "entra", c -> c.put("aud", "api://refunds")),
          error("E6", 46, "request a scope of your own API", "IDX10214: Audience validation"),
          idp("E7", 107, "the endpoint of one tenant", "common"),
          error("E7", 107, "the endpoint of one tenant", "AADSTS50194"),
          error("E8", 108, "scopes of one resource", "AADSTS700022"),
          error("E8", 108, "scopes of one resource", "AADSTS28002"),
          error("E8", 108, "scopes of one resource", "AADSTS70011"),
          error("E8", 108, "scopes of one resource", "AADSTS700023"),
          error("E9", 109, "service principal", "AADSTS500011"),
          error("E9", 109, "service principal", "AADSTS650057"),
          error("E9", 109, "service principal", "AADSTS650056"),
          error("E10", 110, "admin consent", "AADSTS65001"),
          error("E10", 110, "admin consent", "AADSTS90094"),
          error("E11", 111, "GUID", "AADSTS90009"),
          error("E12", 112, "right platform", "AADSTS700025"),
          error("E12", 112, "PKCE", "AADSTS7000218"),
          error("E12", 112, "right platform", "AADSTS50011"),
          error("E12", 112, "right platform", "AADSTS501481"),
          error("E13", 113, "assign", "AADSTS50105"),
          error("E13", 113, "invite", "AADSTS50020"),
          error("E13", 113, "invite", "AADSTS50034"),
          token("E14", 114, "optional claim `email`", "entra", claims -> claims.remove("email")),
          error("E14", 81, "`email` into access tokens", "mfa_no_email"),
          explained("E15", 115, "from the current subject token"),
          error("E16", 82, "transient mail code", "mfa_no_factor"),
          explained("E16", 116, "transient mail code"),
          token("E17", 117, "use `oid`", "entra-mail", NeighboursTrapsTest::guest),
          token("E18", 118, "keep `oid`", "entra", claims -> claims.remove("oid")),
          token("E19", 119, "User.RevokeSessions.All", "entra", NeighboursTrapsTest::guest),
          error("E19", 119, "User.RevokeSessions.All", "AADSTS50173"),
          error("E20", 120, "acceptMappedClaims", "AADSTS50146"),
          error("E20", 120, "acceptMappedClaims", "AADSTS501461"),
          error("E21", 121, "sign in interactively", "AADSTS50076"),
          error("E21", 121, "sign in interactively", "AADSTS50079"),
          error("E21", 121, "sign in interactively", "AADSTS53003"),
          error("E22", 122, "new secret", "AADSTS7000215"),
          error("E22", 122, "new secret", "AADSTS7000222"),
          token("E23", 123, "subject: oid, and require `tid`", "entra-sub", _ -> {}),
          token("E24", 124, "doctor token", "entra", claims -> claims.put("aud", GRAPH)),
          token("O1", 201, CUSTOM_SERVER, "okta", NeighboursTrapsTest::org),
          idp("O1", 201, CUSTOM_SERVER, "org"),
          token("O2", 202, CUSTOM_SERVER, "okta", NeighboursTrapsTest::org),
          error("O3", 203, CUSTOM_SERVER, "Custom scopes are not allowed for this request"),
          idp("O4", 204, "licence", "no-servers"),
          error("O5", 205, "assign a policy", "Policy evaluation failed for this request"),
          error("O5", 205, "every requested scope", "no_matching_policy"),
          error("O6", 206, "leave out the scope", "One or more scopes are not configured"),
          token(
              "O7", 207, "of one server", "okta", c -> c.put("iss", OKTA.replace("default", "b"))),
          idp("O7", 207, "of one server", "other-keys"),
          token("O8", 208, "list api://default", "okta", c -> c.put("aud", "api://default")),
          error("O9", 209, "PKCE S256", "invalid_client"),
          token("O10", 210, "claim `email`", "okta", claims -> claims.remove("email")),
          explained("O11", 211, "oauthTokens=true"),
          token("O12", 212, "five minutes", "okta", c -> c.put("exp", now() + 3_600)),
          explained("O13", 213, "global-token-revocation"),
          token("C1", 54, "may_act.sub", "okta", NeighboursTrapsTest::twoActors),
          error("C1", 54, "may_act.sub", "CSIAQ5201E"),
          token("C2", 52, "listed application", "okta-app", _ -> {}),
          error("C2", 52, "listed application", "CSIAQ0158E"),
          error("C3", 58, "assign the person", "CSIAQ0279E access_denied"),
          error("C3", 9, "countersign trace", "CSIAQ0278E access_denied"),
          error("C4", 80, "second leg", "scope=mfa_challenge"),
          explained("C5", 74, "authorization_details, resource and scope again"),
          token("C6", 75, "into `operationDetails`", "okta", c -> details(c).put("jti", "1")),
          error("C7", 54, "AUTH_METHOD", "CSIAQ5201E"),
          error("C8", 301, "POST", "creds must be asked for with POST"),
          error("C9", 302, "mappings of the role", "RAR_NO_MATCH"),
          token("C10", 303, "`jti` into access tokens", "okta", c -> details(c)),
          error("C11", 304, "X-Vault-Token", "missing client token"),
          token("C12", 305, "exactly as `iss` has it", "okta", c -> c.put("iss", OKTA + "/")),
          idp("C12", 305, "exactly as `iss` has it", "slash"),
          error("C13", 306, "register the plugin", "Vault is sealed"),
          error("C13", 306, "register the plugin", "plugin not found"),
          token("C14", 307, "`sub_id` beside `events`", "okta", c -> event(c, false, "email", 1)),
          token("C14", 307, "times in seconds", "okta", c -> event(c, true, "email", 1_000)),
          token("C14", 307, "that the receiver knows", "okta", c -> event(c, true, "opaque", 1)),
          error("C15", 308, "register the source", "unknown source"),
          error("C16", 309, "after each PUT", "CSIAQ0155E"),
          token("C17", 310, "DPoP proof", "okta", c -> c.putObject("cnf").put("jkt", "x")),
          error("C17", 310, "unbound token", "invalid_dpop_proof"),
          explained("C18", 311, "classification"));

  private static final HttpServer ISSUERS = issuers();

  @TempDir private static Path folder;

  private static Path config = Path.of("countersign.yaml");

  @BeforeAll
  static void configure() throws IOException {
    Path example = Path.of("..", "examples", "refunds").toAbsolutePath().normalize();
    Path copy = folder.resolve("installation");
    try (Stream<Path> files = Files.walk(example)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(example.relativize(file).toString()));
      }
    }
    Files.writeString(copy.resolve("pinned.json"), KEY.toPublicJWK().toJSONString());
    config = copy.resolve("countersign.yaml");
    String text = Files.readString(config);
    int start = text.indexOf("  anchors:\n");
    int end = text.indexOf("\n  clients:\n");
    Files.writeString(config, text.substring(0, start) + anchors() + text.substring(end + 1));
  }

  @AfterAll
  static void close() {
    ISSUERS.stop(0);
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("ROWS")
  void whatIsReadNamesTheCauseAndTheOneFix(Row row) {
    Said said = run(row.input(), row.command().toArray(String[]::new));
    String code = "CSG-%04d".formatted(row.code());

    assertThat(said.out()).contains(code, row.fix());
    assertThat(said.out().substring(said.out().indexOf(code)))
        .as("what happened stands beside the code")
        .containsPattern("^" + code + "  [A-Za-z`]");
    assertThat(said.out()).doesNotContain("maya", GUEST);
    if (!row.input().isEmpty()) {
      assertThat(said.out()).doesNotContain(row.input().substring(0, 20));
    }
  }

  @Test
  void noTrapIsLeftOut() {
    var seen = new HashSet<String>();
    ROWS.forEach(row -> seen.add(row.trap()));
    for (Map.Entry<String, Integer> chapter : Map.of("E", 24, "O", 13, "C", 18).entrySet()) {
      IntStream.rangeClosed(1, chapter.getValue())
          .forEach(number -> assertThat(seen).contains(chapter.getKey() + number));
    }
  }

  @Test
  void anAnchorThatNamesItsKeysNeedsNoDiscoveryDocument() {
    Said fine = run("", "doctor", "idp", "keys-only");
    Said empty = run("", "doctor", "idp", "no-keys");
    Said away = run("", "doctor", "idp", "keys-away");

    assertThat(fine.exit()).as(fine.out()).isZero();
    assertThat(fine.out()).contains("publishes no discovery document and needs none");
    assertThat(empty.exit()).isEqualTo(1);
    assertThat(empty.out()).contains("CSG-0044", "no key at");
    assertThat(away.exit()).isEqualTo(1);
    assertThat(away.out()).contains("CSG-0011", "no keys from").doesNotContain("CSG-0045");
  }

  @Test
  void aCodeOfANeighbourIsExplainedLikeOurs() {
    assertThat(run("", "explain", "AADSTS700022").out()).contains("CSG-0108", "[E8]");
    assertThat(run("", "explain", "CSG-0108").out()).contains("CSG-0108", "[E8]");
    assertThat(run("", "explain", "AADSTS1").exit()).isEqualTo(1);
    assertThat(run("", "doctor", "error", "nothing", "known").exit()).isEqualTo(1);
  }

  // ----- anchors

  private static String anchors() {
    String entra =
        "{preset: entra, tenant: %s, audiences: ["
            + API
            + "], keys: pinned.json, algorithms: [ES256]";
    String okta = "{preset: okta, domain: %s, audiences: [\"api://refunds\"], algorithms: [ES256]";
    String local =
        "    %1$s: {issuer: \""
            + address("/%1$s%2$s")
            + "\", audiences: [\"api://refunds\"],"
            + " internal-hosts: [127.0.0.1]%3$s}\n";
    return "  anchors:\n"
        + "    entra: "
        + entra.formatted(TENANT)
        + "}\n"
        + "    entra-mail: "
        + entra.formatted(TENANTS.get("entra-mail"))
        + ", subject: email}\n"
        + "    entra-sub: "
        + entra.formatted(TENANTS.get("entra-sub"))
        + ", subject: sub}\n"
        + "    entra-v1: "
        + entra.formatted(TENANTS.get("entra-v1"))
        + ", version: \"1.0\"}\n"
        + "    okta: "
        + okta.formatted("contoso.okta.com")
        + ", keys: pinned.json}\n"
        + "    okta-app: "
        + okta.formatted("fabrikam.okta.com")
        + ", keys: pinned.json, authorized-parties: [another]}\n"
        + local.formatted("old-keys", "/v2.0", jwks("/old-keys/discovery/keys"))
        + local.formatted("common", "/v2.0", "")
        + local.formatted("org", "", "")
        + local.formatted("no-servers", "/oauth2/aus1", jwks("/no-servers/oauth2/aus1/v1/keys"))
        + local.formatted("other-keys", "/oauth2/default", jwks("/org/oauth2/v1/keys"))
        + local.formatted("slash", "/oauth2/default/", "")
        + local.formatted("keys-only", "", jwks("/keys-only/keys"))
        + local.formatted("no-keys", "", jwks("/no-keys/keys"))
        + local.formatted("keys-away", "", jwks("/keys-away/keys"));
  }

  private static String other(int last) {
    return TENANT.substring(0, TENANT.length() - 1) + last;
  }

  private static String jwks(String path) {
    return ", jwks: \"" + address(path) + "\"";
  }

  private static String address(String path) {
    return "http://127.0.0.1:" + ISSUERS.getAddress().getPort() + path;
  }

  /// Issuers on this machine: what each publishes is wrong in one way.
  private static HttpServer issuers() {
    try {
      var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            String body = published(exchange.getRequestURI().getPath());
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(
                body.isEmpty() ? 404 : 200, body.isEmpty() ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
          });
      server.start();
      return server;
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static String published(String path) {
    return switch (path) {
      case "/no-keys/keys" -> "{\"keys\":[]}";
      case "/old-keys/v2.0" + DISCOVERY ->
          document("/old-keys/v2.0", "/old-keys/discovery/v2.0/keys", "/old-keys/token");
      case "/common/v2.0" + DISCOVERY ->
          document("/{tenantid}/v2.0", "/common/discovery/v2.0/keys", "/common/token");
      case "/org" + DISCOVERY -> document("/org", "/org/oauth2/v1/keys", "/org/oauth2/v1/token");
      case "/other-keys/oauth2/default" + DISCOVERY ->
          document(
              "/other-keys/oauth2/default",
              "/other-keys/oauth2/default/v1/keys",
              "/other-keys/oauth2/default/v1/token");
      case "/slash/oauth2/default" + DISCOVERY ->
          document(
              "/slash/oauth2/default",
              "/slash/oauth2/default/v1/keys",
              "/slash/oauth2/default/v1/token");
      default ->
          path.endsWith("keys") && !path.startsWith("/keys-away")
              ? StrictJson.write(KeyFiles.publicSet(List.of(KEY)))
              : "";
    };
  }

  private static String document(String issuer, String keys, String token) {
    return StrictJson.write(
        StrictJson.object()
            .put("issuer", address(issuer))
            .put("jwks_uri", address(keys))
            .put("token_endpoint", address(token)));
  }

  // ----- tokens

  private static long now() {
    return java.time.InstantSource.system().instant().getEpochSecond();
  }

  private static ObjectNode good(String anchor) {
    ObjectNode claims = StrictJson.object();
    claims.put("sub", "pairwise").put("email", "maya@contoso.example");
    claims.put("iat", now()).put("exp", now() + 300);
    if (anchor.startsWith("okta")) {
      String issuer = anchor.equals("okta") ? OKTA : OKTA.replace("contoso", "fabrikam");
      claims.put("iss", issuer).put("aud", "api://refunds").put("ver", 1).put("cid", "console");
      claims.put("uid", "00u1").putArray("scp").add("refunds");
      return claims;
    }
    String tenant = TENANTS.getOrDefault(anchor, "");
    claims.put("iss", ENTRA.replace(TENANT, tenant)).put("aud", API).put("ver", "2.0");
    claims.put("tid", tenant).put("oid", "00000000-0000-0000-0000-0000000000a1");
    return claims.put("scp", "access");
  }

  private static void version1(ObjectNode claims) {
    claims.put("ver", "1.0").put("iss", ENTRA_V1);
  }

  private static void guest(ObjectNode claims) {
    claims.put("preferred_username", GUEST);
  }

  private static void org(ObjectNode claims) {
    claims.put("iss", "https://contoso.okta.com");
  }

  private static void twoActors(ObjectNode claims) {
    claims.putObject("may_act").putArray("sub").add("gateway").add("other");
  }

  private static ObjectNode details(ObjectNode claims) {
    ObjectNode element = claims.putArray("authorization_details").addObject();
    element.put("type", "urn:smt:agent:refund").put("amount", 1);
    return claims;
  }

  private static void event(ObjectNode claims, boolean isBeside, String format, long unit) {
    String uri = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    ObjectNode event = claims.putObject("events").putObject(uri);
    event.put("event_timestamp", now() * unit);
    (isBeside ? claims : event).putObject("sub_id").put("format", format);
  }

  // ----- rows

  private static Row token(
      String trap, int code, String fix, String anchor, Consumer<ObjectNode> change) {
    ObjectNode claims = good(anchor);
    change.accept(claims);
    String token = new JwtSigner(KEY).sign("JWT", claims);
    return new Row(trap, code, fix, token, List.of("doctor", "token", "--anchor", anchor));
  }

  private static Row nonce(String trap, int code, String fix) {
    var encoder = java.util.Base64.getUrlEncoder().withoutPadding();
    var parts = new ArrayList<String>();
    for (String part :
        List.of(
            "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k\",\"nonce\":\"n\"}",
            StrictJson.write(good("entra")),
            "a signature over another header")) {
      parts.add(encoder.encodeToString(part.getBytes(StandardCharsets.UTF_8)));
    }
    String token = String.join(".", parts);
    return new Row(trap, code, fix, token, List.of("doctor", "token", "--anchor", "entra"));
  }

  private static Row idp(String trap, int code, String fix, String anchor) {
    return new Row(trap, code, fix, "", List.of("doctor", "idp", anchor));
  }

  private static Row error(String trap, int code, String fix, String text) {
    return new Row(trap, code, fix, "", List.of("doctor", "error", text));
  }

  /// A trap that shows in no token, document or error; its code says what to do.
  private static Row explained(String trap, int code, String fix) {
    return new Row(trap, code, fix, "", List.of("explain", "CSG-%04d".formatted(code)));
  }

  private static Said run(String input, String... arguments) {
    var command = new ArrayList<>(Arrays.asList(arguments));
    if (List.of("token", "idp").contains(arguments[1])) {
      command.add("--config=" + config);
      command.add("--data=" + folder.resolve("data"));
    }
    var out = new ByteArrayOutputStream();
    var in = System.in;
    var stdout = System.out;
    try {
      System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      int exit = Main.run(command.toArray(String[]::new));
      return new Said(exit, out.toString(StandardCharsets.UTF_8));
    } finally {
      System.setIn(in);
      System.setOut(stdout);
    }
  }

  private record Said(int exit, String out) {}

  /// @param code of ours that is named
  /// @param fix words of the one fix
  /// @param input what is pasted
  record Row(String trap, int code, String fix, String input, List<String> command) {
    @Override
    public String toString() {
      return trap + " by " + String.join(" ", command);
    }
  }
}
