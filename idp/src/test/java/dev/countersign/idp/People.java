package dev.countersign.idp;

import dev.countersign.box.Listener;
import dev.countersign.protocol.Secret;
import java.util.List;
import java.util.Set;

/// The people, clients and APIs of the tests.
final class People {
  static final Secret PASSWORD = new Secret("a long enough password");
  static final String CALLBACK = "http://127.0.0.1:9/callback";
  static final String SIGNED_OUT = "http://127.0.0.1:9/signed-out";

  static final String TENANT = "7a1de3e3-2f4d-4e2b-9a57-0c6f3b6f1001";
  static final String ENTRA_CLIENT = "2f0d4e9b-8c1a-4c8f-9b53-9b7f4d2a2002";
  static final String REFUNDS_API = "c40fa7d1-9b25-4a52-8f6e-1f2f0f6d3003";
  static final String LEGACY_API = "d51ab8e2-0c36-4b63-9a7f-2a3a1a7e4004";
  static final String ADMIN_APP = "e62bc9f3-1d47-4c74-8b8a-3b4b2b8f5005";
  static final String WEAK_APP = "f73cd0a4-2e58-4d85-9c9b-4c5c3c905006";
  static final Secret ADMIN_SECRET = new Secret("the admin app's long secret");
  static final Secret WEAK_SECRET = new Secret("the weak app's long secret!");

  static final Person MAYA =
      Person.member(
          "maya@contoso.example",
          PASSWORD,
          "0b7e4a11-52c3-4d7e-8a10-6f6d2c9b7001",
          "Maya Lindqvist",
          "maya@contoso.example",
          null);
  static final Person TOMAS =
      Person.member(
          "tomas@contoso.example",
          PASSWORD,
          "0b7e4a11-52c3-4d7e-8a10-6f6d2c9b7002",
          "Tomas Ferreira",
          null,
          null);
  static final Person GUEST =
      new Person(
          "ida_partner.example#EXT#@contoso.example",
          PASSWORD,
          "0b7e4a11-52c3-4d7e-8a10-6f6d2c9b7003",
          "Ida Berg",
          "ida@partner.example",
          null,
          true);

  static final String OKTA_CLIENT = "0oa1refundsdesk2297";
  static final Secret API_TOKEN = new Secret("00-the-management-api-token");
  static final Person LENA =
      Person.member(
          "lena@fabrikam.example",
          PASSWORD,
          "00u1lena9fabrikam297",
          "Lena Okafor",
          "lena@fabrikam.example",
          5_000L);
  static final Person OMAR =
      Person.member(
          "omar@fabrikam.example",
          PASSWORD,
          "00u2omar9fabrikam297",
          "Omar Haddad",
          "omar@fabrikam.example",
          50_000L);

  private People() {}

  static EntraIdpConfig entra() {
    return EntraIdpConfig.of(
        Listener.loopback(0),
        TENANT,
        List.of(MAYA, TOMAS, GUEST),
        List.of(client(ENTRA_CLIENT)),
        List.of(
            new EntraApi(REFUNDS_API, "api://refunds", Set.of("refunds.use"), 2, Set.of("email")),
            new EntraApi(LEGACY_API, "api://legacy", Set.of("legacy.use"), 1, Set.of())),
        List.of(
            new EntraDaemon(
                ADMIN_APP,
                ADMIN_SECRET,
                "aa000000-0000-4000-8000-000000000001",
                Set.of("User.RevokeSessions.All")),
            new EntraDaemon(
                WEAK_APP,
                WEAK_SECRET,
                "aa000000-0000-4000-8000-000000000002",
                Set.of("User.Read.All"))));
  }

  static OktaIdpConfig okta() {
    return OktaIdpConfig.of(
        Listener.loopback(0),
        List.of(LENA, OMAR),
        List.of(client(OKTA_CLIENT)),
        OktaCustomServer.standard("api://refunds", Set.of("refunds")),
        API_TOKEN);
  }

  private static PublicClient client(String id) {
    return new PublicClient(id, "Refund desk", Set.of(CALLBACK), Set.of(SIGNED_OUT));
  }
}
