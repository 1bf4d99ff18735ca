package dev.countersign.agent.http;

import dev.countersign.agent.ApprovalState;
import dev.countersign.agent.ClientProof;
import dev.countersign.agent.ExchangeResult;
import dev.countersign.agent.TokenExchange;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.MalformedJsonException;
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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The token service over HTTP. Redirects are not followed; nothing is kept between requests.
/// Threads may share it.
///
/// ```java
/// var sts = new HttpTokenExchange(issuer, resource, ClientProof.key("agent", key, issuer, clock));
/// switch (sts.exchangeToken(bearer, "refund:write", details)) {
///   case OnBehalfOf(var token, _, _) -> call(token);
///   case StepUpRequired approval -> show(approval.page());
///   …
/// }
/// ```
///
/// @spec https://www.rfc-editor.org/rfc/rfc8693#section-2.1 RFC 8693 §2.1
/// @spec https://www.rfc-editor.org/rfc/rfc7523#section-2.1 RFC 7523 §2.1
public final class HttpTokenExchange implements TokenExchange {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int LONGEST_HOLD = 20;
  private static final int MAX_TEXT = 500;
  private static final int MAX_REASONS = 16;

  private final URI issuer;
  private final URI resource;
  private final String subjectTokenType;
  private final ClientProof proof;
  private final WireClient wire = new WireClient();

  /// @param issuer such as `https://sts.example`
  /// @param resource the MCP server that the tokens are for
  public HttpTokenExchange(URI issuer, URI resource, ClientProof proof) {
    this(issuer, resource, TokenTypes.JWT_URN, proof);
  }

  /// @param subjectTokenType the trust anchor's name for the person's tokens, such as
  ///   `urn:entra:token-type:user-jwt`; without it the token's own issuer names the anchor
  public HttpTokenExchange(URI issuer, URI resource, String subjectTokenType, ClientProof proof) {
    this.issuer = issuer;
    this.resource = resource;
    this.subjectTokenType = subjectTokenType;
    this.proof = proof;
  }

  @Override
  public ExchangeResult exchangeToken(
      Secret subjectToken, String scope, AuthorizationDetails authorizationDetails) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT);
    form.put("subject_token", subjectToken.reveal());
    form.put("subject_token_type", subjectTokenType);
    return ask(form, scope, authorizationDetails);
  }

  @Override
  public ExchangeResult redeem(
      Secret assertion, String scope, AuthorizationDetails authorizationDetails) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.JWT_BEARER_GRANT);
    form.put("assertion", assertion.reveal());
    return ask(form, scope, authorizationDetails);
  }

  @Override
  public ApprovalState look(ExchangeResult.StepUpRequired approval, Duration hold) {
    long seconds = Math.min(hold.toSeconds(), LONGEST_HOLD);
    URI address =
        URI.create(
            issuer
                + "/v2.0/factors/emailotp/transient/verifications/"
                + URLEncoder.encode(approval.approvalId(), StandardCharsets.UTF_8)
                + "?returnJwt=true"
                + (seconds > 0 ? "&wait=" + seconds : ""));
    WireClient.Answer answer =
        wire.get(
            address,
            Map.of(
                "Authorization",
                "Bearer " + approval.challenge().reveal(),
                "Accept",
                "application/json"),
            TIMEOUT.plusSeconds(seconds));
    if (answer.status() != 200) {
      throw away("the token service answers " + answer.status());
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

  private ExchangeResult ask(Map<String, String> form, String scope, AuthorizationDetails details) {
    form.put("scope", scope);
    form.put("resource", resource.toString());
    form.put("authorization_details", details.canonical());
    var headers = new HashMap<>(Map.of("Accept", "application/json"));
    proof.add(headers, form);
    WireClient.Answer answer =
        wire.postForm(URI.create(issuer + "/oauth2/token"), headers, form, TIMEOUT);
    return switch (answer.status()) {
      case 200 -> success(json(answer));
      case 400, 401, 403 -> refusal(json(answer));
      default -> throw away("the token service answers " + answer.status());
    };
  }

  private ExchangeResult success(ObjectNode body) {
    JsonNode access = body.path("access_token");
    String token = access.isString() ? access.stringValue() : "";
    if (token.isEmpty() || !"Bearer".equalsIgnoreCase(body.path("token_type").asString(""))) {
      throw away("the token service's answer holds no bearer token");
    }
    return TokenTypes.MFA_CHALLENGE_SCOPE.equals(body.path("scope").asString(""))
        ? approval(body, new Secret(token))
        : new ExchangeResult.OnBehalfOf(
            new Secret(token),
            text(body, "jti"),
            Duration.ofSeconds(Math.max(0, body.path("expires_in").asLong(0))));
  }

  private ExchangeResult approval(ObjectNode body, Secret challenge) {
    String id = text(body, "approval_id");
    String page = text(body, "approval_uri");
    // The person is sent to this address, so it must be the token service's own.
    if (id.isEmpty() || !page.startsWith(issuer + "/")) {
      throw away("the token service's challenge names no approval page of its own");
    }
    try {
      return new ExchangeResult.StepUpRequired(
          id,
          URI.create(page),
          time(body.path("expires_at")),
          text(body, "message"),
          text(body, "number"),
          text(body, "jti"),
          challenge);
    } catch (DateTimeException | IllegalArgumentException malformed) {
      throw new UnavailableException("the token service's challenge is malformed", malformed);
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
      case "" -> throw away("the token service's refusal names no error");
      case "access_denied" -> new ExchangeResult.Denied(code, reason, jti, reasons(body));
      case "invalid_request" -> new ExchangeResult.SignInRequired(reason, jti);
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
      throw new UnavailableException("the token service's answer is not JSON", malformed);
    }
  }

  private static UnavailableException away(String what) {
    return new UnavailableException(what, null);
  }
}
