package dev.countersign.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.box.Listener;
import dev.countersign.idp.EntraApi;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.OktaCustomServer;
import dev.countersign.idp.OktaIdpConfig;
import dev.countersign.idp.Person;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.idp.box.OktaShapedIdp;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.Main;
import dev.countersign.sts.diagnosis.Code;
import dev.countersign.sts.diagnosis.Expected;
import dev.countersign.sts.diagnosis.Finding;
import dev.countersign.sts.diagnosis.IssuerDoctor;
import dev.countersign.sts.diagnosis.TokenDoctor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The traps of Entra and Okta, with tokens that people really signed in for.
class DoctorOfRealTokensTest {
  private static final String TENANT = "11111111-2222-3333-4444-555555555555";
  private static final String NEW_API = "66666666-7777-8888-9999-000000000000";
  private static final String OLD_API = "66666666-7777-8888-9999-000000000001";
  private static final String APP = "77777777-8888-9999-aaaa-000000000001";
  private static final String REDIRECT = "http://127.0.0.1/demo";
  private static final Secret PASSWORD = new Secret("correct horse battery");
  private static final InstantSource CLOCK = InstantSource.system();
  private static final WireClient WIRE = new WireClient();
  private static final PublicClient CLIENT =
      new PublicClient(APP, "Console", Set.of(REDIRECT), Set.of());

  private static final EntraShapedIdp ENTRA =
      EntraShapedIdp.start(
          EntraIdpConfig.of(
              Listener.loopback(0),
              TENANT,
              List.of(
                  person("maya@contoso.example", "0b6f1f9e-1111-4a11-9a11-00000000a001", true),
                  person("nomail@contoso.example", "0b6f1f9e-1111-4a11-9a11-00000000a002", false)),
              List.of(CLIENT),
              List.of(
                  new EntraApi(NEW_API, "api://refunds", Set.of("access"), 2, Set.of("email")),
                  new EntraApi(OLD_API, "api://old", Set.of("access"), 1, Set.of("email"))),
              List.of()),
          CLOCK);

  private static final OktaShapedIdp OKTA =
      OktaShapedIdp.start(
          OktaIdpConfig.of(
              Listener.loopback(0),
              List.of(person("lena@fabrikam.example", "00u1lena0000000000a1", true)),
              List.of(CLIENT),
              new OktaCustomServer("default", "api://refunds", Set.of("refunds"), Set.of("email")),
              new Secret("0123456789abcdef0123")),
          CLOCK);

  @TempDir private Path folder;

  @AfterAll
  static void close() {
    ENTRA.close();
    OKTA.close();
  }

  @Test
  void aRightTokenHasNothingWrong() {
    assertThat(problems(entraAnchor(), entra("maya@contoso.example", "api://refunds/access")))
        .isEmpty();
    assertThat(problems(oktaAnchor(), okta(OKTA.issuer(), "openid refunds"))).isEmpty();
  }

  @Test
  void E1_E2_E24_seesATokenForGraph() {
    assertThat(
            codes(
                entraAnchor(),
                entra("maya@contoso.example", "https://graph.microsoft.com/User.Read")))
        .startsWith(Code.ENTRA_GRAPH, Code.ENTRA_NONCE)
        .contains(Code.ENTRA_LATE);
  }

  @Test
  void E3_E4_E6_seesATokenOfVersion1FromTheVersion2Endpoint() {
    assertThat(codes(entraAnchor(), entra("maya@contoso.example", "api://old/access")))
        .startsWith(Code.ENTRA_V1, Code.ENTRA_RESOURCE_DECIDES, Code.ENTRA_AUDIENCE_FORM);
  }

  @Test
  void E14_seesThatThereIsNoAddress() {
    var anchor = entraAnchor();
    var mailOnly =
        new Expected(
            anchor.issuer(),
            anchor.audiences(),
            anchor.types(),
            anchor.algorithms(),
            anchor.subjectClaim(),
            List.of("email"),
            anchor.requiredClaims(),
            anchor.authorizedParties(),
            anchor.leeway());

    assertThat(codes(mailOnly, entra("nomail@contoso.example", "api://refunds/access")))
        .containsExactly(Code.ENTRA_NO_EMAIL);
  }

  @Test
  void O1_O2_seesATokenOfTheOrgServer() {
    assertThat(codes(oktaAnchor(), okta(OKTA.baseUri(), "openid profile")))
        .startsWith(Code.OKTA_ORG, Code.OKTA_ORG_TOKEN);
  }

  @Test
  void O12_seesThatTokensLiveLong() {
    assertThat(codes(oktaAnchor(), okta(OKTA.issuer(), "openid refunds")))
        .containsExactly(Code.OKTA_LONG_LIFE);
  }

  @Test
  void seesWhatTheIssuersPublish() {
    assertThat(
            issuer(
                ENTRA.issuer().toString(), ENTRA.baseUri() + "/" + TENANT + "/discovery/v2.0/keys"))
        .isEmpty();
    assertThat(issuer(OKTA.issuer().toString(), OKTA.issuer() + "/v1/keys")).isEmpty();
  }

  @Test
  void O1_O4_O7_C12_seesAnAnchorThatDoesNotAgreeWithOkta() {
    assertThat(issuer(OKTA.baseUri().toString(), OKTA.baseUri() + "/oauth2/v1/keys"))
        .contains(Code.OKTA_ORG);
    assertThat(issuer(OKTA.baseUri() + "/oauth2/aus1", OKTA.baseUri() + "/oauth2/aus1/v1/keys"))
        .containsExactly(Code.OKTA_NO_SERVERS);
    assertThat(issuer(OKTA.issuer().toString(), OKTA.baseUri() + "/oauth2/v1/keys"))
        .containsExactly(Code.OKTA_OTHER_SERVER);
    assertThat(issuer(OKTA.issuer() + "/", OKTA.issuer() + "/v1/keys"))
        .containsExactly(Code.ISSUER_SLASH);
  }

  @Test
  void E5_seesAnAnchorWithTheOldKeys() {
    assertThat(
            issuer(ENTRA.issuer().toString(), ENTRA.baseUri() + "/" + TENANT + "/discovery/keys"))
        .contains(Code.ENTRA_ANCHOR_V1);
  }

  @Test
  void theCommandNamesTheCauseAndNeverTheToken() throws IOException {
    String token = entra("maya@contoso.example", "api://old/access");

    Said said = doctor(token, "token", "--anchor", "entra");

    assertThat(said.exit()).isEqualTo(1);
    assertThat(said.out()).contains("Mend this first", "CSG-0103", "requestedAccessTokenVersion");
    assertThat(said.out()).doesNotContain(token.substring(0, 20), "maya");
  }

  @Test
  void theCommandVerifiesTheSignature() throws IOException {
    String token = entra("maya@contoso.example", "api://refunds/access");
    String forged = token.substring(0, token.lastIndexOf('.')) + "." + "A".repeat(342);

    assertThat(doctor(token + "\n", "token").exit()).isZero();
    assertThat(doctor(forged, "token").out()).contains("CSG-0044");
    assertThat(doctor("", "token").out()).contains("CSG-0040");
  }

  @Test
  void theCommandComparesAnAnchorWithItsIssuer() throws IOException {
    assertThat(doctor("", "idp", "entra").exit()).isZero();
    assertThat(doctor("", "idp", "okta").exit()).isZero();
    assertThat(doctor("", "idp", "nobody").exit()).isEqualTo(2);
  }

  private Said doctor(String input, String... arguments) throws IOException {
    Path example = Path.of("..", "examples", "refunds").toAbsolutePath().normalize();
    Path copy = folder.resolve("installation");
    if (!Files.exists(copy)) {
      try (Stream<Path> files = Files.walk(example)) {
        for (Path file : files.toList()) {
          Files.copy(file, copy.resolve(example.relativize(file).toString()));
        }
      }
      Path config = copy.resolve("countersign.yaml");
      Files.writeString(
          config,
          Files.readString(config)
              .replace("${ENTRA_PORT:9411}", String.valueOf(ENTRA.baseUri().getPort()))
              .replace("${OKTA_PORT:9412}", String.valueOf(OKTA.baseUri().getPort())));
    }
    var command = new ArrayList<String>();
    command.add("doctor");
    command.addAll(List.of(arguments));
    command.add("--config=" + copy.resolve("countersign.yaml"));
    command.add("--data=" + folder.resolve("data"));
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

  private static List<Code> issuer(String issuer, String jwks) {
    var doctor = new IssuerDoctor(issuer, jwks, Set.of("RS256"), false);
    var answer = WIRE.get(URI.create(doctor.discovery()), Map.of(), Duration.ofSeconds(30));
    return doctor
        .examine(Optional.of(new IssuerDoctor.Published(answer.status(), answer.text())))
        .stream()
        .map(Finding::code)
        .toList();
  }

  private static Expected entraAnchor() {
    return new Expected(
        ENTRA.issuer().toString(),
        Set.of(NEW_API),
        Set.of("", "JWT"),
        Set.of("RS256"),
        "oid",
        List.of("email", "preferred_username"),
        Map.of("ver", "2.0", "tid", TENANT),
        Set.of(),
        Duration.ofSeconds(30));
  }

  private static Expected oktaAnchor() {
    return new Expected(
        OKTA.issuer().toString(),
        Set.of("api://refunds"),
        Set.of("", "JWT"),
        Set.of("RS256"),
        "uid",
        List.of("email"),
        Map.of(),
        Set.of(),
        Duration.ofSeconds(30));
  }

  private static String entra(String username, String scope) {
    return new SignIn(ENTRA.issuer(), APP, REDIRECT, "openid " + scope)
        .with(new Browser(), WIRE, username, PASSWORD)
        .accessToken()
        .reveal();
  }

  private static String okta(URI issuer, String scope) {
    return new SignIn(issuer, APP, REDIRECT, scope)
        .with(new Browser(), WIRE, "lena@fabrikam.example", PASSWORD)
        .accessToken()
        .reveal();
  }

  private static List<Code> codes(Expected anchor, String token) {
    return new TokenDoctor(anchor, CLOCK.instant())
        .examine(token).stream().map(Finding::code).toList();
  }

  private static List<Code> problems(Expected anchor, String token) {
    return new TokenDoctor(anchor, CLOCK.instant())
        .examine(token).stream()
            .filter(finding -> finding.severity() == Finding.Severity.PROBLEM)
            .map(Finding::code)
            .toList();
  }

  private static Person person(String username, String id, boolean hasMail) {
    return new Person(
        username, PASSWORD, id, "Somebody There", hasMail ? username : null, null, false);
  }

  private record Said(int exit, String out) {}
}
