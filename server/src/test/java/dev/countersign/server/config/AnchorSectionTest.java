package dev.countersign.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.countersign.box.IssuerKeys;
import dev.countersign.config.ConfigException;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.sts.Anchor;
import dev.countersign.sts.Introspection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// What each preset fixes, and what is refused before anything starts.
class AnchorSectionTest {
  private static final String TENANT = "11111111-2222-3333-4444-555555555555";
  private static final String CLIENT = "66666666-7777-8888-9999-000000000000";
  @TempDir private static Path folder;

  static final List<Row> PRESETS =
      List.of(
          new Row(
              "entra",
              "preset: entra, tenant: " + TENANT + ", audiences: [" + CLIENT + "]",
              "https://login.microsoftonline.com/" + TENANT + "/v2.0",
              "oid",
              Map.of("ver", "2.0", "tid", TENANT),
              "https://login.microsoftonline.com/"
                  + TENANT
                  + "/v2.0/.well-known/openid-configuration"),
          new Row(
              "entra, version 1",
              "preset: entra, version: '1.0', tenant: " + TENANT + ", audiences: ['api://x']",
              "https://sts.windows.net/" + TENANT + "/",
              "oid",
              Map.of("ver", "1.0", "tid", TENANT),
              "https://login.microsoftonline.com/" + TENANT + "/.well-known/openid-configuration"),
          new Row(
              "okta",
              "preset: okta, domain: fabrikam.okta.com, audiences: ['api://refunds']",
              "https://fabrikam.okta.com/oauth2/default",
              "uid",
              Map.of(),
              "https://fabrikam.okta.com/oauth2/default/.well-known/openid-configuration"),
          new Row(
              "verify",
              "preset: verify, domain: fabrikam.verify.ibm.com, audiences: [refunds]",
              "https://fabrikam.verify.ibm.com/oauth2",
              "sub",
              Map.of(),
              "https://fabrikam.verify.ibm.com/oauth2/.well-known/openid-configuration"),
          new Row(
              "ping",
              "preset: ping, region: eu, environment: e1, audiences: ['https://api.example']",
              "https://auth.pingone.eu/e1/as",
              "sub",
              Map.of(),
              "https://auth.pingone.eu/e1/as/.well-known/openid-configuration"),
          new Row(
              "transmit",
              "preset: transmit, region: eu, tenant: t1, audiences: ['https://api.example']",
              "https://eu.userid.security",
              "sub",
              Map.of("tid", "t1"),
              "https://api.eu.transmitsecurity.io/cis/oidc/.well-known/openid-configuration"),
          new Row(
              "keycloak",
              "preset: keycloak, base: 'https://sso.example', realm: staff, audiences: [refunds]",
              "https://sso.example/realms/staff",
              "sub",
              Map.of("typ", "Bearer"),
              "https://sso.example/realms/staff/.well-known/openid-configuration"),
          new Row(
              "auth0",
              "preset: auth0, domain: fabrikam.eu.auth0.com, audiences: ['https://api.example']",
              "https://fabrikam.eu.auth0.com/",
              "sub",
              Map.of(),
              "https://fabrikam.eu.auth0.com/.well-known/openid-configuration"),
          new Row(
              "google",
              "preset: google, hosted-domain: fabrikam.example, audiences: [client-1]",
              "https://accounts.google.com",
              "sub",
              Map.of("hd", "fabrikam.example"),
              "https://accounts.google.com/.well-known/openid-configuration"),
          new Row(
              "oidc",
              "issuer: 'https://idp.example/a', audiences: [refunds]",
              "https://idp.example/a",
              "sub",
              Map.of(),
              "https://idp.example/a/.well-known/openid-configuration"));

  static final List<Wrong> WRONG =
      List.of(
          new Wrong("an unknown preset", "preset: azure, audiences: [x]", "must be one of entra"),
          new Wrong(
              "A13 no audience", "preset: google", "audiences: missing; name the exact `aud`"),
          new Wrong(
              "A19 the common endpoint",
              "preset: entra, tenant: common, audiences: [" + CLIENT + "]",
              "common and organizations name no one tenant"),
          new Wrong(
              "A14 tokens for Graph",
              "preset: entra, tenant: "
                  + TENANT
                  + ", audiences: [00000003-0000-0000-c000-000000000000]",
              "expose an API of your own"),
          new Wrong(
              "the audience of the other version",
              "preset: entra, tenant: " + TENANT + ", audiences: ['api://x']",
              "not its api:// address"),
          new Wrong(
              "B14 Okta's org server",
              "preset: okta, issuer: 'https://fabrikam.okta.com', audiences: [x]",
              "org authorization server"),
          new Wrong(
              "Transmit without its tenant",
              "preset: transmit, audiences: [x]",
              "all tenants share one issuer"),
          new Wrong(
              "no issuer", "preset: keycloak, audiences: [x]", "name it, or what makes it up"),
          new Wrong(
              "A01 a symmetric algorithm",
              "issuer: 'https://idp.example', audiences: [x], algorithms: [HS256]",
              "algorithms must be among"),
          new Wrong(
              "A01 no signature",
              "issuer: 'https://idp.example', audiences: [x], algorithms: [none]",
              "algorithms must be among"),
          new Wrong(
              "A12 a leeway of a day",
              "issuer: 'https://idp.example', audiences: [x], leeway: 1d",
              "leeway must be 0 to 60 seconds"),
          new Wrong(
              "B03 keys by plain http",
              "issuer: 'https://idp.example', audiences: [x], jwks: 'http://idp.example/keys'",
              "must be at an https URL"),
          new Wrong(
              "B04 plain http on the loopback interface that is not named",
              "issuer: 'http://127.0.0.1:8080', audiences: [x]",
              "that internal-hosts names"),
          new Wrong(
              "B09 keys kept for a week",
              "issuer: 'https://idp.example', audiences: [x], outage-limit: 7d",
              "outage-limit must be 5 minutes to 24 hours"),
          new Wrong(
              "two places of keys",
              "issuer: 'https://idp.example', audiences: [x], keys: none, jwks:"
                  + " 'https://idp.example/k'",
              "name one of jwks, discovery and keys"),
          new Wrong(
              "no way to check",
              "issuer: 'https://idp.example', audiences: [x], keys: none",
              "without keys it needs introspection"),
          new Wrong(
              "a misspelt key",
              "issuer: 'https://idp.example', audience: [x], audiences: [x]",
              "unknown key; did you mean `audiences`"),
          new Wrong(
              "a secret in the file",
              "issuer: 'https://idp.example', audiences: [x], introspection: {endpoint:"
                  + " 'https://idp.example/i', client-id: c, client-secret: hunter2}",
              "a secret must not stand in the file"));

  @ParameterizedTest(name = "{0}")
  @FieldSource("PRESETS")
  void aPresetFixesWhatDiffers(Row row) {
    Anchor anchor = read(row.yaml());

    assertThat(anchor.issuer()).isEqualTo(row.issuer());
    assertThat(anchor.claims().subject()).isEqualTo(row.subject());
    assertThat(anchor.demands().equal()).isEqualTo(row.equal());
    assertThat(anchor.keys().place())
        .isInstanceOfSatisfying(
            IssuerKeys.Place.Discovered.class,
            place -> assertThat(place.document()).isEqualTo(URI.create(row.discovery())));
    assertThat(anchor.tokenType()).isEqualTo("urn:idp:token-type:user-jwt");
    assertThat(anchor.keys().internalHosts()).isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("WRONG")
  void refusesAtOnceWhatCannotBeMeant(Wrong row) {
    var problems = new Problems();

    section(row.yaml(), problems);

    var failure = catchThrowableOfType(ConfigException.class, problems::throwIfAny);
    assertThat(failure.problems())
        .anyMatch(line -> line.contains(row.problem()))
        .noneMatch(line -> line.contains("hunter2"))
        .allMatch(line -> line.contains("anchor.yaml:1: anchors.idp."));
  }

  @Test
  void theSectionOverrulesThePreset() {
    Anchor anchor =
        read(
            """
            preset: keycloak, issuer: 'https://sso.example/realms/staff', audiences: [refunds],
            audiences-beside: [account], subject: employee, mail: [work_mail], phone: [mobile],
            attributes: {refund_limit: /limits/refund}, present: [scope], equal: {acr: gold},
            token-type: 'urn:x:y', algorithms: [ES256], types: [at+jwt], max-age: 8h, id-tokens: true,
            authorized-parties: [desk], key-hosts: [keys.example], internal-hosts: [SSO.example],
            introspection: {client-id: sts, client-secret: '${SECRET}', tokens: every}
            """
                .replace("\n", " "));

    assertThat(anchor.form().companions()).containsExactly("account");
    assertThat(anchor.form().accepts(List.of("refunds", "account"))).isTrue();
    assertThat(anchor.form().accepts(List.of("account"))).isFalse();
    assertThat(anchor.form().accepts(List.of("refunds", "other"))).isFalse();
    assertThat(anchor.claims())
        .isEqualTo(
            new Anchor.Claims(
                "employee",
                List.of("work_mail"),
                List.of("mobile"),
                Map.of("refund_limit", "/limits/refund")));
    assertThat(anchor.demands())
        .isEqualTo(
            new Anchor.Demands(
                Map.of("typ", "Bearer", "acr", "gold"), Set.of("scope"), Set.of("desk"), true));
    assertThat(anchor.keys().internalHosts()).containsExactly("sso.example");
    assertThat(anchor.introspection())
        .isNotNull()
        .satisfies(ask -> {
          assertThat(ask.endpoint().toString())
              .isEqualTo(
                  "https://sso.example/realms/staff/protocol/openid-connect/token/introspect");
          assertThat(ask.scope()).isEqualTo(Introspection.Scope.EVERY);
        });
  }

  private static Anchor read(String yaml) {
    var problems = new Problems();
    Anchor anchor = section(yaml, problems);
    problems.throwIfAny();
    return Objects.requireNonNull(anchor);
  }

  private static @Nullable Anchor section(String yaml, Problems problems) {
    Path file = folder.resolve("anchor.yaml");
    try {
      Files.writeString(file, "anchors: {idp: {" + yaml + "}}");
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    ConfigSection root = ConfigFile.read(file, Map.of("SECRET", "s3cret"), problems);
    return AnchorSection.read("idp", root.section("anchors").section("idp")).orElse(null);
  }

  record Row(
      String name,
      String yaml,
      String issuer,
      String subject,
      Map<String, String> equal,
      String discovery) {
    @Override
    public String toString() {
      return name;
    }
  }

  record Wrong(String name, String yaml, String problem) {
    @Override
    public String toString() {
      return name;
    }
  }
}
