package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.sts.Tokens;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.StepUps;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// `GET /v2.0/factors/emailotp/transient/verifications/{id}`: how an approval stands, for whoever
/// holds its challenge; with `returnJwt=true` the proof that it was given. Nothing here takes a
/// code.
final class Verifications {
  private final StepUps stepUps;
  private final Tokens tokens;
  private final InstantSource clock;

  Verifications(StepUps stepUps, Tokens tokens, InstantSource clock) {
    this.stepUps = stepUps;
    this.tokens = tokens;
    this.clock = clock;
  }

  void handle(ServerRequest request, ServerResponse response) {
    String id = request.path().pathParameters().get("id");
    Optional<Secret> challenge = Bearers.of(request);
    if (challenge.isEmpty()) {
      Bearers.missing(response);
      return;
    }
    Optional<Approval> approval =
        opens(challenge.get(), id) ? stepUps.find(id) : Optional.<Approval>empty();
    if (approval.isEmpty()) {
      Bearers.invalid(response, "the challenge is not valid for this verification");
      return;
    }
    boolean wantsProof = "true".equals(Http.query(request).get("returnJwt"));
    Http.json(response, 200, body(approval.get(), wantsProof));
  }

  private boolean opens(Secret challenge, String id) {
    return switch (tokens.checkChallenge(challenge.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> id.equals(jwt.text("approval_id").orElse(""));
      case JwtCheck.Rejected _ -> false;
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private ObjectNode body(Approval approval, boolean wantsProof) {
    Instant now = clock.instant();
    Approval.State state = approval.state(now);
    ObjectNode body =
        StrictJson.object()
            .put("id", approval.id())
            .put("type", "emailotp")
            .put("state", word(state))
            .put("attempts", approval.tries())
            .put("retries", Math.max(0, stepUps.tries() - approval.tries()))
            .put("created", approval.createdAt().toString())
            .put("expiry", approval.expiresAt().toString());
    if (state == Approval.State.APPROVED && wantsProof) {
      body.put("assertion", tokens.approval(approval, now).reveal());
    }
    return body;
  }

  private static String word(Approval.State state) {
    return switch (state) {
      case PENDING -> "PENDING";
      case APPROVED -> "VERIFY_SUCCESS";
      case DENIED, FAILED -> "USER_DENIED";
      case SUSPICIOUS -> "USER_FRAUDULENT";
      case CANCELLED, EXPIRED, USED -> "EXPIRED";
    };
  }
}
