package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.box.Metrics;
import dev.countersign.protocol.JsonText;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.ExchangeResult;
import dev.countersign.sts.Possession;
import dev.countersign.sts.TokenService;
import dev.countersign.sts.clients.Presented;
import dev.countersign.sts.diagnosis.Code;
import dev.countersign.sts.diagnosis.Errors;
import dev.countersign.sts.stepup.Approval;
import io.helidon.http.HttpException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// `POST /oauth2/token`, and the one place where an outcome becomes an HTTP answer.
final class TokenEndpoint {
  private static final Logger LOG = LoggerFactory.getLogger(TokenEndpoint.class);
  private static final String RETRY_AFTER_SECONDS = "2";

  private final TokenService service;
  private final Possession possession;
  private final Function<String, URI> approvalPage;
  private final Metrics metrics;

  TokenEndpoint(
      TokenService service,
      Possession possession,
      Function<String, URI> approvalPage,
      Metrics metrics) {
    this.service = service;
    this.possession = possession;
    this.approvalPage = approvalPage;
    this.metrics = metrics;
  }

  void handle(ServerRequest request, ServerResponse response) {
    try {
      answer(request, response, result(request));
    } catch (UnavailableException away) {
      unavailable(response, away);
    }
  }

  /// Nothing was decided. The reason is for the log; the code says what kind of trouble it is.
  private void unavailable(ServerResponse response, UnavailableException away) {
    LOG.warn("the token endpoint answers 503: {}", away.getMessage());
    OAuthError error = OAuthError.TEMPORARILY_UNAVAILABLE;
    Code code = Errors.of(error, String.valueOf(away.getMessage()));
    metrics.counter("sts.token.requests", "outcome", error.code()).increment();
    response.header("Retry-After", RETRY_AFTER_SECONDS);
    Http.json(
        response,
        error.httpStatus(),
        StrictJson.object()
            .put("error", error.code())
            .put("error_description", code.what() + "; try again (" + code.text() + ")"));
  }

  private void answer(ServerRequest request, ServerResponse response, ExchangeResult result) {
    metrics.counter("sts.token.requests", "outcome", outcome(result)).increment();
    response.header("Pragma", "no-cache");
    if (Http.has(request, "DPoP")) {
      response.header("DPoP-Nonce", possession.nonce());
    }
    switch (result) {
      case ExchangeResult.Issued issued -> Http.jsonText(response, 200, issued(issued));
      case ExchangeResult.OfClient own -> Http.json(response, 200, ofClient(own));
      case ExchangeResult.StepUpRequired stepUp when stepUp.polls() ->
          Http.json(response, 400, poll(stepUp));
      case ExchangeResult.StepUpRequired stepUp -> Http.json(response, 200, stepUp(stepUp));
      case ExchangeResult.Denied denied -> Http.json(response, 400, denied(denied));
      case ExchangeResult.Waiting waiting -> Http.json(response, 400, waiting(waiting));
      case ExchangeResult.Refused refused -> {
        if (refused.error() == OAuthError.INVALID_CLIENT && Http.has(request, "Authorization")) {
          response.header("WWW-Authenticate", "Basic realm=\"countersign\"");
        }
        Http.json(response, refused.error().httpStatus(), refused(refused));
      }
    }
  }

  private ExchangeResult result(ServerRequest request) {
    Presented presented;
    try {
      presented = Callers.of(request);
    } catch (WireException malformed) {
      return service.malformed(malformed);
    } catch (HttpException unreadable) {
      service.malformed(
          new WireException(OAuthError.INVALID_REQUEST, "the body is too large or not a form"));
      throw unreadable;
    }
    return service.answer(presented);
  }

  private static String outcome(ExchangeResult result) {
    return switch (result) {
      case ExchangeResult.Issued _ -> "issued";
      case ExchangeResult.OfClient _ -> "issued";
      case ExchangeResult.StepUpRequired _ -> "step_up";
      case ExchangeResult.Denied _ -> "denied";
      case ExchangeResult.Waiting waiting -> waiting.error().code();
      case ExchangeResult.Refused refused -> refused.error().code();
    };
  }

  private static String issued(ExchangeResult.Issued issued) {
    return new JsonText()
        .put("access_token", issued.accessToken().reveal())
        .put("issued_token_type", TokenTypes.ACCESS_TOKEN_URN)
        .put("token_type", issued.tokenType())
        .put("expires_in", issued.expiresIn().toSeconds())
        .put("scope", issued.scope())
        .putJson("authorization_details", issued.details().canonical())
        .put("jti", issued.jti())
        .end();
  }

  private static ObjectNode ofClient(ExchangeResult.OfClient own) {
    return StrictJson.object()
        .put("access_token", own.accessToken().reveal())
        .put("token_type", "Bearer")
        .put("expires_in", own.expiresIn().toSeconds())
        .put("scope", own.scope());
  }

  private ObjectNode stepUp(ExchangeResult.StepUpRequired stepUp) {
    Approval approval = stepUp.approval();
    return StrictJson.object()
        .put("access_token", stepUp.challenge().reveal())
        .put("token_type", "Bearer")
        .put("scope", TokenTypes.MFA_CHALLENGE_SCOPE)
        .put("expires_in", stepUp.expiresIn().toSeconds())
        .put("approval_id", approval.id())
        .put("approval_uri", approvalPage.apply(approval.id()).toString())
        .put("expires_at", approval.expiresAt().toString())
        .put("number", approval.number())
        .put("message", message(approval))
        .put("jti", stepUp.jti());
  }

  private ObjectNode poll(ExchangeResult.StepUpRequired stepUp) {
    Approval approval = stepUp.approval();
    return StrictJson.object()
        .put("error", OAuthError.INSUFFICIENT_USER_AUTHENTICATION.code())
        .put("error_description", "the person must approve; poll with auth_req_id")
        .put("auth_req_id", approval.id())
        .put("challenge", stepUp.challenge().reveal())
        .put("approval_id", approval.id())
        .put("approval_uri", approvalPage.apply(approval.id()).toString())
        .put("expires_in", stepUp.expiresIn().toSeconds())
        .put("interval", 5)
        .put("number", approval.number())
        .put("message", message(approval))
        .put("jti", stepUp.jti());
  }

  private static String message(Approval approval) {
    String what =
        approval.lines().stream().map(Approval.Line::sentence).collect(Collectors.joining("; "));
    String how =
        approval.needsAnother()
            ? "; somebody else must approve it on the page, so pass its address on to them"
            : approval.isSent()
                ? "; a code was sent to " + approval.sentTo()
                : approval.channel() == null || approval.failure() != null
                    ? "; approve it on the page"
                    : "; a code is being sent to " + approval.sentTo();
    String failed = approval.failure() == null ? "" : " (we " + approval.failure() + ")";
    return what + ": needs approval" + how + failed + "; number " + approval.number();
  }

  private static ObjectNode waiting(ExchangeResult.Waiting waiting) {
    return StrictJson.object()
        .put("error", waiting.error().code())
        .put("error_description", "the person has not answered yet")
        .put("interval", waiting.interval().toSeconds())
        .put("jti", waiting.jti());
  }

  private static ObjectNode denied(ExchangeResult.Denied denied) {
    ObjectNode body =
        StrictJson.object()
            .put("error", OAuthError.ACCESS_DENIED.code())
            .put("error_description", wireText(denied.description()))
            .put("jti", denied.jti());
    List<String> reasons = denied.reasons();
    var array = body.putArray("reasons");
    reasons.forEach(array::add);
    var rules = body.putArray("rules");
    denied.decisive().forEach(match -> rules.add(match.forCallers()));
    return body;
  }

  private static ObjectNode refused(ExchangeResult.Refused refused) {
    return StrictJson.object()
        .put("error", refused.error().code())
        .put("error_description", wireText(refused.description()))
        .put("jti", refused.jti());
  }

  /// Only the characters that RFC 6749 §5.2 allows.
  private static String wireText(String text) {
    var clean = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      clean.append(c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?');
    }
    return clean.toString();
  }
}
