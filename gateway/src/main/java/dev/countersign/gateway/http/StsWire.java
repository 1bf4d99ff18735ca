package dev.countersign.gateway.http;

import dev.countersign.gateway.Approval;
import dev.countersign.gateway.ApprovalState;
import dev.countersign.gateway.Caller;
import dev.countersign.gateway.ExchangeResult;
import dev.countersign.gateway.GatewayConfig;
import dev.countersign.gateway.SessionWatch;
import dev.countersign.gateway.TokenExchange;
import dev.countersign.gateway.tools.Tool;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The STS over HTTP: exchange, the state of an approval, the second leg, and whether a session was
/// ended. Threads may share it.
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2.1 RFC 8693 §2.1
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523 §2.1
public final class StsWire implements TokenExchange, SessionWatch {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_TEXT = 500;
  private static final int MAX_REASONS = 16;

  private final WireClient client;
  private final PresenterAssertion.Maker assertions;
  private final String issuer;
  private final String resource;
  private final String workload;

  public StsWire(GatewayConfig config, WireClient client, PresenterAssertion.Maker assertions) {
    this.client = client;
    this.assertions = assertions;
    this.issuer = config.upstreams().sts().toString();
    this.resource = config.resource().toString();
    this.workload = config.workload();
  }

  @Override
  public ExchangeResult exchange(
      Caller.Person caller, Tool.Grant grant, AuthorizationDetails details) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT);
    form.put("subject_token", caller.bearer().reveal());
    form.put("subject_token_type", caller.anchor().tokenType());
    return token(form, grant, details);
  }

  @Override
  public ExchangeResult redeem(Secret assertion, Tool.Grant grant, AuthorizationDetails details) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.JWT_BEARER_GRANT);
    form.put("assertion", assertion.reveal());
    return token(form, grant, details);
  }

  @Override
  public ApprovalState look(Approval approval) {
    WireClient.Answer answer =
        client.get(
            verification(approval),
            Map.of(
                "Authorization",
                "Bearer " + approval.challenge().reveal(),
                "Accept",
                "application/json"),
            TIMEOUT);
    if (answer.status() != 200) {
      throw away(answer.status());
    }
    ObjectNode body = json(answer);
    String assertion = body.path("assertion").asString("");
    return switch (body.path("state").asString("")) {
      case "PENDING" -> new ApprovalState.Pending();
      case "VERIFY_SUCCESS" ->
          assertion.isEmpty()
              ? new ApprovalState.Refused("approval_used", "the approval was used already")
              : new ApprovalState.Given(new Secret(assertion));
      case "USER_DENIED" -> new ApprovalState.Refused("approval_denied", "the person denied it");
      case "USER_FRAUDULENT" ->
          new ApprovalState.Refused(
              "approval_suspicious", "the person did not expect this request");
      case "EXPIRED" -> new ApprovalState.Refused("approval_expired", "nobody approved it in time");
      default -> new ApprovalState.Refused("approval_failed", "it cannot be approved any more");
    };
  }

  @Override
  public ApprovalState submit(Approval approval, Secret code) {
    WireClient.Answer answer =
        client.send(
            "POST",
            verification(approval),
            Map.of(
                "Authorization",
                "Bearer " + approval.challenge().reveal(),
                "Content-Type",
                "application/json"),
            StrictJson.write(StrictJson.object().put("otp", code.reveal())),
            TIMEOUT);
    return switch (answer.status()) {
      case 200 -> {
        String assertion = json(answer).path("assertion").asString("");
        yield assertion.isEmpty()
            ? new ApprovalState.Refused("approval_used", "the approval was used already")
            : new ApprovalState.Given(new Secret(assertion));
      }
      case 401 -> {
        ObjectNode body = json(answer);
        yield "PENDING".equals(body.path("state").asString(""))
            ? new ApprovalState.WrongCode(body.path("retries").asInt(0))
            : new ApprovalState.Refused("approval_failed", "it cannot be approved any more");
      }
      case 403 ->
          new ApprovalState.Refused(
              "otp_not_accepted", "the code is entered on the approval page only");
      case 400, 404 -> new ApprovalState.Refused("otp_expired", "the approval is over");
      case 429 -> new ApprovalState.Refused("otp_locked", "too many wrong codes");
      default -> throw away(answer.status());
    };
  }

  private URI verification(Approval approval) {
    return URI.create(
        issuer
            + "/v2.0/factors/emailotp/transient/verifications/"
            + URLEncoder.encode(approval.id(), StandardCharsets.UTF_8)
            + "?returnJwt=true");
  }

  @Override
  public boolean isEnded(Secret onBehalfOfToken) {
    try {
      return client
              .get(
                  URI.create(issuer + "/oauth2/userinfo"),
                  Map.of("Authorization", "Bearer " + onBehalfOfToken.reveal()),
                  TIMEOUT)
              .status()
          == 401;
    } catch (UnavailableException away) {
      return false;
    }
  }

  private ExchangeResult token(
      Map<String, String> form, Tool.Grant grant, AuthorizationDetails details) {
    form.put("scope", grant.scope());
    form.put("resource", grant.audience().orElse(resource));
    form.put("authorization_details", details.canonical());
    form.put("client_id", workload);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("client_assertion", assertions.assertion(issuer));
    WireClient.Answer answer =
        client.postForm(
            URI.create(issuer + "/oauth2/token"),
            Map.of("Accept", "application/json"),
            form,
            TIMEOUT);
    return switch (answer.status()) {
      case 200 -> success(json(answer));
      case 400, 401, 403 -> refusal(json(answer));
      default -> throw away(answer.status());
    };
  }

  private ExchangeResult success(ObjectNode body) {
    String token = body.path("access_token").asString("");
    if (token.isEmpty() || !"Bearer".equalsIgnoreCase(body.path("token_type").asString(""))) {
      throw new UnavailableException("the STS's answer holds no bearer token", null);
    }
    return TokenTypes.MFA_CHALLENGE_SCOPE.equals(body.path("scope").asString(""))
        ? new ExchangeResult.ApprovalNeeded(approval(body, new Secret(token)))
        : new ExchangeResult.Issued(new Secret(token), text(body, "jti"));
  }

  private Approval approval(ObjectNode body, Secret challenge) {
    String id = text(body, "approval_id");
    String page = text(body, "approval_uri");
    // The person is sent to this address, so it must be the STS's own.
    if (id.isEmpty() || !page.startsWith(issuer + "/")) {
      throw new UnavailableException("the STS's challenge names no approval page of its own", null);
    }
    try {
      return new Approval(
          id,
          URI.create(page),
          time(body.path("expires_at")),
          text(body, "message"),
          text(body, "number"),
          text(body, "jti"),
          challenge);
    } catch (DateTimeException | IllegalArgumentException malformed) {
      throw new UnavailableException("the STS's challenge is malformed", malformed);
    }
  }

  private static Instant time(JsonNode value) {
    return value.isIntegralNumber()
        ? Instant.ofEpochSecond(value.longValue())
        : Instant.parse(value.asString(""));
  }

  private static ExchangeResult refusal(ObjectNode body) {
    String code = text(body, "error");
    String reason = text(body, "error_description");
    String jti = text(body, "jti");
    return switch (code) {
      case "access_denied" -> new ExchangeResult.Denied(reason, jti, reasons(body));
      case "invalid_request" -> new ExchangeResult.BadSubject(reason, jti);
      default -> new ExchangeResult.Refused(code, reason, jti);
    };
  }

  private static List<String> reasons(ObjectNode body) {
    var reasons = new ArrayList<String>();
    for (JsonNode reason : body.path("reasons")) {
      if (reasons.size() < MAX_REASONS) {
        reasons.add(plain(reason.isString() ? reason.stringValue() : StrictJson.write(reason)));
      }
    }
    return reasons;
  }

  private static String text(ObjectNode body, String member) {
    return plain(body.path(member).asString(""));
  }

  private static String plain(String text) {
    String oneLine = text.replaceAll("\\p{Cntrl}", " ");
    return oneLine.length() <= MAX_TEXT ? oneLine : oneLine.substring(0, MAX_TEXT);
  }

  private static ObjectNode json(WireClient.Answer answer) {
    try {
      return StrictJson.parseObject(answer.body());
    } catch (MalformedJsonException malformed) {
      throw new UnavailableException("the STS's answer is not JSON", malformed);
    }
  }

  private static UnavailableException away(int status) {
    return new UnavailableException("the STS answers " + status, null);
  }
}
