package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.BoxServer;
import dev.countersign.box.Health;
import dev.countersign.box.Http;
import dev.countersign.box.KeyFiles;
import dev.countersign.box.Listener;
import dev.countersign.box.Metrics;
import dev.countersign.gateway.GatewayConfig.VaultAddress;
import dev.countersign.gateway.GatewayConfig.VaultAddress.Paths;
import dev.countersign.gateway.http.VaultWire;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// What the gateway asks a Vault of your own, on the wire. A stand-in answers in the forms that
/// Vault and the verify-rar plugin publish; a real OpenBao answers in [StockVaultWireTest].
class VaultWireTest {
  private static final ECKey STS = KeyFiles.newEc();
  private static final List<String> ASKED = new CopyOnWriteArrayList<>();

  @SuppressWarnings("NullAway.Init")
  private static BoxServer vault;

  private static volatile int loginStatus;
  private static volatile int credsStatus;
  private static volatile int revokeStatus;
  private static volatile String error = "";

  @BeforeAll
  static void start() {
    vault =
        BoxServer.start(
            BoxServer.Settings.of("vault", Listener.loopback(0), new Health(), new Metrics()),
            routing ->
                routing
                    .post("/v1/auth/oidc/login", VaultWireTest::login)
                    .get("/v1/teams/database/creds/refunds", VaultWireTest::creds)
                    .post("/v1/verify-rar/creds/refunds", VaultWireTest::creds)
                    .put("/v1/sys/leases/revoke", VaultWireTest::revoke)
                    .post("/v1/auth/token/revoke-self", VaultWireTest::revokeSelf));
  }

  @AfterAll
  static void stop() {
    vault.close();
  }

  @BeforeEach
  void answerWell() {
    ASKED.clear();
    loginStatus = 200;
    credsStatus = 200;
    revokeStatus = 204;
    error = "permission denied";
  }

  private static void asked(ServerRequest request, ObjectNode body) {
    ASKED.add(
        request.prologue().method().text()
            + " "
            + request.path().rawPath()
            + " token="
            + Http.header(request, "X-Vault-Token")
                .map(t -> t.startsWith("eyJ") ? "obo" : t)
                .orElse("")
            + " namespace="
            + Http.header(request, "X-Vault-Namespace").orElse("")
            + " body="
            + body.propertyNames());
  }

  private static ObjectNode body(ServerRequest request) {
    return request.content().hasEntity() ? Http.jsonBody(request) : StrictJson.object();
  }

  private static void login(ServerRequest request, ServerResponse response) {
    asked(request, body(request));
    ObjectNode answer = StrictJson.object();
    answer.putObject("auth").put("client_token", "hvs.session");
    send(response, loginStatus, answer);
  }

  private static void creds(ServerRequest request, ServerResponse response) {
    ObjectNode body = body(request);
    asked(request, body);
    if (body.has("claims")) {
      assertThat(body.path("claims").path("jti").stringValue()).isEqualTo("jti-1");
      assertThat(body.path("claims").path("authorization_details").size()).isOne();
    }
    ObjectNode answer = StrictJson.object().put("lease_id", "database/creds/refunds/abc");
    answer.putObject("data").put("username", "v-1").put("password", "p-1");
    send(response, credsStatus, answer);
  }

  private static void revoke(ServerRequest request, ServerResponse response) {
    ObjectNode body = body(request);
    asked(request, body);
    assertThat(body.path("sync").booleanValue()).isTrue();
    Http.empty(response, revokeStatus);
  }

  private static void revokeSelf(ServerRequest request, ServerResponse response) {
    asked(request, body(request));
    Http.empty(response, 204);
  }

  private static void send(ServerResponse response, int status, ObjectNode answer) {
    if (status == 200) {
      Http.json(response, 200, answer);
    } else {
      ObjectNode errors = StrictJson.object();
      errors.putArray("errors").add(error);
      Http.json(response, status, errors);
    }
  }

  private static Secret token() {
    ObjectNode claims = StrictJson.object().put("jti", "jti-1");
    claims.putArray("authorization_details").addObject().put("type", "urn:smt:agent:refund");
    return new Secret(new JwtSigner(STS).sign("at+jwt", claims));
  }

  private static VaultWire database() {
    return new VaultWire(
        new VaultAddress(vault.baseUri(), Paths.DATABASE, "oidc", "teams/database", "payments"),
        new WireClient());
  }

  private static VaultWire plugin() {
    return new VaultWire(
        new VaultAddress(vault.baseUri(), Paths.VERIFY_RAR, "jwt", "verify-rar", ""),
        new WireClient());
  }

  private static Lease minted(VaultWire wire) {
    return ((MintResult.Minted) wire.mint("refunds", token())).lease();
  }

  @Test
  void logsInMintsRevokesAndEndsTheSessionAtAStockVault() {
    VaultWire wire = database();
    Lease lease = minted(wire);
    assertThat(lease.username()).isEqualTo("v-1");
    assertThat(wire.revoke(lease)).isTrue();

    assertThat(ASKED)
        .containsExactly(
            "POST /v1/auth/oidc/login token= namespace=payments body=[role, jwt]",
            "GET /v1/teams/database/creds/refunds token=hvs.session namespace=payments body=[]",
            "PUT /v1/sys/leases/revoke token=hvs.session namespace=payments body=[lease_id, sync]",
            "POST /v1/auth/token/revoke-self token=hvs.session namespace=payments body=[]");
  }

  @Test
  void showsThePluginTheTokenItselfAndItsClaims() {
    VaultWire wire = plugin();
    assertThat(wire.revoke(minted(wire))).isTrue();

    assertThat(ASKED)
        .containsExactly(
            "POST /v1/verify-rar/creds/refunds token=obo namespace= body=[claims]",
            "PUT /v1/sys/leases/revoke token=obo namespace= body=[lease_id, sync]");
  }

  @Test
  void endsTheSessionOfALoginThatMintedNothing() {
    credsStatus = 403;

    assertThat(database().mint("refunds", token())).isInstanceOf(MintResult.Refused.class);

    assertThat(ASKED).last().asString().contains("revoke-self");
  }

  @ParameterizedTest
  @CsvSource({
    "'RAR_NO_MATCH: no valid claim',RAR_NO_MATCH",
    "'2 errors occurred:\n\t* RAR_NO_MATCH: No valid authorization_details\n\t* permission denied',"
        + "RAR_NO_MATCH",
    "permission denied,BROKER_REFUSED",
  })
  void tellsTheCodeOfARefusal(String text, String code) {
    error = text;
    credsStatus = 403;

    assertThat(plugin().mint("refunds", token())).isEqualTo(new MintResult.Refused(code));
  }

  @ParameterizedTest
  @CsvSource({"429", "500", "503"})
  void H07_takesAVaultThatIsAwayForNoAnswer(int status) {
    loginStatus = status;

    assertThatThrownBy(() -> database().mint("refunds", token()))
        .isInstanceOf(UnavailableException.class);
  }

  @ParameterizedTest
  @CsvSource({"202", "400", "403", "500"})
  void H07_takesNothingButAnEndForAnEnd(int status) {
    VaultWire wire = plugin();
    Lease lease = minted(wire);
    revokeStatus = status;

    assertThat(wire.revoke(lease)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "http://vault.example:8200",
    "ftp://127.0.0.1",
    "https://vault.example/v1",
    "https://me@v.example"
  })
  void L16_refusesAnAddressThatIsNotSafe(String address) {
    assertThatThrownBy(
            () -> new VaultAddress(URI.create(address), Paths.DATABASE, "jwt", "database", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vault.address");
  }
}
