package dev.countersign.server.prove;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/// What a compromised MCP server, which has its own key and the people's bearers, cannot do.
final class ServerAttacks {
  private static final long LONGEST_LEASE = 3600;

  private final Tenant tenant;

  ServerAttacks(Tenant tenant) {
    this.tenant = tenant;
  }

  Property property() {
    return new Property(
        "server-cannot-widen",
        "A compromised MCP server can neither end people's sessions by itself, nor ask, nor mint for"
            + " more than it is registered for.",
        "whoever took over an MCP server, with its key and the bearers that pass through it",
        this::play);
  }

  private void play(Scene scene) {
    kills(scene);
    registration(scene);
    details(scene);
    leases(scene);
  }

  private void kills(Scene scene) {
    String person = Workload.claims(tenant.obo(Writes.small())).path("sub").asString("");
    String body = StrictJson.write(StrictJson.object().put("sub", person).put("reason", "attack"));
    refused(
        scene, "J06", "sts", "ending a person's sessions", tenant.sts(), "/v1.0/auth/kills", body);
    refused(
        scene,
        "J06",
        "sts",
        "letting a killed person in",
        tenant.sts(),
        "/v1.0/auth/openings",
        body);
    refused(
        scene,
        "J06",
        "broker",
        "ending every lease of a person",
        tenant.broker(),
        "/v1/countersign/subjects/revoke",
        StrictJson.write(StrictJson.object().put("sub", person).put("txn", "attack")));
    refused(
        scene,
        "J06",
        "transmitter",
        "sending a kill as an event",
        tenant.transmitter(),
        "/sources/gateway/events",
        "{}");
    scene.refused(
        "J06",
        "sts",
        "ending a person's sessions as the receiver does",
        "401, 403 or 404",
        () ->
            tenant
                .client()
                .send(
                    tenant.sts(),
                    "DELETE",
                    "/v1.0/auth/sessions/" + URLEncoder.encode(person, StandardCharsets.UTF_8),
                    ""),
        Answers.refusal("", 401, 403, 404));
  }

  private void refused(
      Scene scene, String attack, String box, String tried, URI at, String path, String body) {
    scene.refused(
        attack,
        box,
        tried,
        "401, 403 or 404",
        () -> tenant.client().send(at, "POST", path, body),
        Answers.refusal("", 401, 403, 404));
  }

  private void registration(Scene scene) {
    String small = Writes.small().details().canonical();
    scene.refused(
        "C04",
        "sts",
        "a scope that it is not registered for",
        "400 invalid_scope",
        () -> exchange("admin:everything", tenant.audience(), small),
        Answers.refusal("invalid_scope", 400));
    scene.refused(
        "C05",
        "sts",
        "an audience that it is not registered for",
        "400 invalid_target",
        () -> exchange(tenant.scope(), "https://elsewhere.example/mcp", small),
        Answers.refusal("invalid_target", 400));
    scene.refused(
        "D02",
        "sts",
        "a type of request that it is not registered for",
        "400 invalid_authorization_details",
        () ->
            exchange(
                tenant.scope(), tenant.audience(), small.replace(Writes.TYPE, "urn:x:payment")),
        Answers.refusal("invalid_authorization_details", 400));
    scene.refused(
        "A24",
        "sts",
        "another workload's name under its own proof",
        "401 invalid_client",
        () -> {
          var form = tenant.client().client();
          form.put("client_id", tenant.outsider().name());
          form.put("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
          form.put("subject_token", tenant.bearer().reveal());
          form.put("subject_token_type", tenant.tokenType());
          form.put("authorization_details", small);
          return tenant.client().token(form);
        },
        Answers.refusal("", 400, 401));
  }

  private void details(Scene scene) {
    String small = Writes.small().details().canonical();
    malformed(
        scene,
        "D03",
        "a member that the type does not have",
        small.replace("\"amount\":80", "\"amount\":80,\"note\":\"x\""));
    malformed(
        scene,
        "D04",
        "the amount twice in one object",
        small.replace("\"amount\":80", "\"amount\":80,\"amount\":8000"));
    malformed(
        scene,
        "D04",
        "the amount twice, once spelled with an escape",
        small.replace("\"amount\":80", "\"amount\":80,\"\\u0061mount\":8000"));
    malformed(
        scene,
        "D05",
        "an amount with a fraction",
        small.replace("\"amount\":80", "\"amount\":80.5"));
    malformed(
        scene, "D06", "an amount as text", small.replace("\"amount\":80", "\"amount\":\"80\""));
    malformed(scene, "F09", "a negative amount", small.replace("\"amount\":80", "\"amount\":-80"));
    malformed(scene, "D01", "an empty list of requests", "[]");
  }

  private void malformed(Scene scene, String attack, String tried, String details) {
    scene.refused(
        attack,
        "sts",
        tried,
        "400 invalid_authorization_details",
        () -> exchange(tenant.scope(), tenant.audience(), details),
        Answers.refusal("invalid_authorization_details", 400));
  }

  private void leases(Scene scene) {
    Secret obo = tenant.obo(Writes.small());
    var login = LoginAttacks.Login.of(tenant.client().mint(obo, tenant.role()));
    try {
      scene.refused(
          "H09",
          "broker",
          "giving back another workload's lease",
          "403 or 404",
          () -> tenant.outsider().revoke(login.lease()),
          Answers.refusal("", 400, 403, 404));
      scene.refused(
          "H02",
          "broker",
          "another role by a detour in the path",
          "400, 403 or 404",
          () ->
              tenant
                  .client()
                  .mint(tenant.obo(Writes.small()), tenant.role() + "/../" + tenant.otherRole()),
          Answers.refusal("", 400, 403, 404));
      scene.refused(
          "H09",
          "broker",
          "a lease without an end",
          "an end within the role's longest life",
          () ->
              tenant
                  .client()
                  .send(
                      tenant.broker(),
                      "POST",
                      "/v1/sys/leases/renew",
                      StrictJson.write(
                          StrictJson.object()
                              .put("lease_id", login.lease())
                              .put("increment", 1_000_000_000))),
          answer -> {
            long life = Answers.body(answer).path("lease_duration").asLong(0);
            return new Scene.Seen(
                answer.status() != 200 || life <= LONGEST_LEASE,
                answer.status() == 200
                    ? "200, " + life + " s"
                    : answer.status() + " " + Answers.text(answer));
          });
    } finally {
      tenant.client().revoke(login.lease());
    }
  }

  private WireClient.Answer exchange(String scope, String audience, String details) {
    return tenant.client().exchange(tenant.bearer(), tenant.tokenType(), scope, audience, details);
  }
}
