package dev.countersign.sts.http;

import dev.countersign.box.Http;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.OAuthError;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.protocol.VerifiedJwt;
import dev.countersign.protocol.WireException;
import dev.countersign.sts.Tokens;
import dev.countersign.sts.stepup.Answers;
import dev.countersign.sts.stepup.Answers.Answered;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.ApprovalWatch;
import dev.countersign.sts.stepup.Proof;
import dev.countersign.sts.stepup.StepUps;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `/v2.0/factors/{emailotp,smsotp}/transient/verifications`, as IBM Verify has it, for whoever
/// holds the challenge of an approval: how it stands, at once, later or as a stream, and with
/// `returnJwt=true` the proof that it was given. A code is taken here only from clients that are
/// registered to pass codes on.
final class Verifications {
  private static final Pattern CORRELATION = Pattern.compile("[A-Za-z0-9]{1,64}");
  private static final Map<Factor, String> ADDRESS =
      Map.of(Factor.EMAILOTP, "emailAddress", Factor.SMSOTP, "phoneNumber");

  private final StepUps stepUps;
  private final Answers answers;
  private final Tokens tokens;
  private final Predicate<String> passesCodes;
  private final ApprovalWatch watch;
  private final InstantSource clock;

  /// @param passesCodes whether a client is registered to pass codes on
  Verifications(
      StepUps stepUps,
      Answers answers,
      Tokens tokens,
      Predicate<String> passesCodes,
      ApprovalWatch watch,
      InstantSource clock) {
    this.stepUps = stepUps;
    this.answers = answers;
    this.tokens = tokens;
    this.passesCodes = passesCodes;
    this.watch = watch;
    this.clock = clock;
  }

  /// `GET …/{id}`: how it stands; `wait=N` (or `Prefer: wait=N`) holds the answer for N seconds at
  /// most while the approval is pending, and `Accept: text/event-stream` tells each change.
  void show(ServerRequest request, ServerResponse response) {
    Optional<Challenge> challenge = challenge(request, response, id(request));
    if (challenge.isEmpty()) {
      return;
    }
    Map<String, String> query = Http.query(request);
    boolean wantsProof = "true".equals(query.get("returnJwt"));
    Approval approval = challenge.get().approval();
    if (Http.header(request, "Accept").filter("text/event-stream"::equals).isPresent()) {
      stream(response, approval, wantsProof);
      return;
    }
    Approval now = watch.settled(approval, patience(request, query));
    Http.json(response, 200, body(now, wantsProof));
  }

  private static Duration patience(ServerRequest request, Map<String, String> query) {
    String wait = query.get("wait");
    return wait == null ? Callers.patience(request) : ApprovalWatch.patience(wait);
  }

  private void stream(ServerResponse response, Approval approval, boolean wantsProof) {
    response.header("Content-Type", "text/event-stream");
    response.header("Cache-Control", "no-store");
    response.header("X-Accel-Buffering", "no");
    try (OutputStream out = response.outputStream()) {
      Approval told = approval;
      event(out, body(told, wantsProof));
      while (told.state(clock.instant()) == Approval.State.PENDING) {
        if (watch.isFull()) {
          return;
        }
        told = watch.settled(told, ApprovalWatch.HEARTBEAT);
        if (told.state(clock.instant()) == Approval.State.PENDING) {
          out.write(": still waiting\n\n".getBytes(StandardCharsets.UTF_8));
          out.flush();
        } else {
          event(out, body(told, wantsProof));
        }
      }
    } catch (IOException gone) {
      // The client left; it may ask again.
    }
  }

  private static void event(OutputStream out, ObjectNode body) throws IOException {
    String text = "event: verification\ndata: " + StrictJson.write(body) + "\n\n";
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /// `POST …`: asks for a code by this factor. The address, if one is named, must be the one that
  /// we hold; another one is never used.
  void start(ServerRequest request, ServerResponse response) {
    Factor factor = factor(request);
    Optional<Challenge> challenge = challenge(request, response, null);
    if (challenge.isEmpty()) {
      return;
    }
    ObjectNode body = Http.jsonBody(request);
    JsonNode correlation = body.path("correlation");
    if (!correlation.isMissingNode() && !CORRELATION.matcher(correlation.asString("")).matches()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "CSIBN0018E correlation must be letters and digits");
    }
    Approval approval = challenge.get().approval();
    String member = ADDRESS.getOrDefault(factor, "");
    JsonNode address = body.path(member);
    if (!address.isMissingNode()
        && !(address.isString() && stepUps.isAddress(approval, factor, address.stringValue()))) {
      stepUps.misused(approval, "a client named another address in " + member);
      throw new WireException(
          OAuthError.INVALID_REQUEST, member + " is not the address that is known for this person");
    }
    boolean isThere = approval.isSent() && approval.channel() == factor;
    Optional<String> failed =
        approval.state(clock.instant()) != Approval.State.PENDING
            ? Optional.of("the approval is not pending")
            : isThere
                ? Optional.empty()
                : stepUps.sendBy(approval, factor, approval.person().key());
    if (failed.isPresent()) {
      throw new WireException(
          OAuthError.INVALID_REQUEST, "no code was sent: " + failed.get().replace('•', '*'));
    }
    ObjectNode answer = body(stepUps.find(approval.id()).orElseThrow(), false);
    if (!correlation.isMissingNode()) {
      answer.put("correlation", correlation.stringValue());
    }
    if (address.isString()) {
      answer.put(member, address.stringValue());
    }
    Http.json(response, 201, answer);
  }

  /// `POST …/{id}`: a code, from a client that is registered to pass codes on.
  void submit(ServerRequest request, ServerResponse response) {
    Optional<Challenge> challenge = challenge(request, response, id(request));
    if (challenge.isEmpty()) {
      return;
    }
    String client = challenge.get().approval().client();
    if (!passesCodes.test(client)) {
      stepUps.misused(
          challenge.get().approval(), "a client passed a code on that is not registered for it");
      Http.json(
          response,
          403,
          StrictJson.object()
              .put("error", OAuthError.UNAUTHORIZED_CLIENT.code())
              .put(
                  "error_description",
                  "this client is not registered with submits-codes; the person enters the code at"
                      + " approval_uri"));
      return;
    }
    String code = Http.jsonBody(request).path("otp").asString("");
    boolean wantsProof = "true".equals(Http.query(request).get("returnJwt"));
    Optional<Answered> answered =
        answers.approve(
            challenge.get().approval().id(),
            new Answers.Approver.Client(client),
            new Proof.Code(code));
    if (answered.isEmpty()) {
      Bearers.invalid(response, "the challenge is not valid for this verification");
      return;
    }
    answer(response, answered.get(), wantsProof);
  }

  private void answer(ServerResponse response, Answered answered, boolean wantsProof) {
    switch (answered) {
      case Answered.Taken(Approval taken, Approval.Answer _, var _) -> {
        Approval approval = stepUps.find(taken.id()).orElse(taken);
        boolean isGiven = approval.state(clock.instant()) == Approval.State.APPROVED;
        if (isGiven && !wantsProof) {
          Http.empty(response, 204);
        } else {
          Http.json(response, isGiven ? 200 : 401, body(approval, wantsProof));
        }
      }
      case Answered.WrongCode(Approval approval, int left) ->
          Http.json(response, 401, body(approval, false).put("retries", left));
      case Answered.Locked(Approval approval) ->
          Http.json(response, 429, body(approval, false).put("retries", 0));
      case Answered.NotAnswerable(Approval approval, Approval.State _) ->
          Http.json(response, 400, body(approval, false));
      case Answered.NotTheirs(Approval approval) -> Http.json(response, 400, body(approval, false));
    }
  }

  /// `DELETE …/{id}`: the client wants it no more.
  void cancel(ServerRequest request, ServerResponse response) {
    Optional<Challenge> challenge = challenge(request, response, id(request));
    if (challenge.isPresent()) {
      stepUps.withdraw(challenge.get().approval().id(), "the client withdrew it");
      Http.empty(response, 204);
    }
  }

  private static String id(ServerRequest request) {
    return request.path().pathParameters().get("id");
  }

  private static Factor factor(ServerRequest request) {
    return request.path().path().contains("/smsotp/") ? Factor.SMSOTP : Factor.EMAILOTP;
  }

  /// The approval that the bearer opens; otherwise the refusal is sent.
  ///
  /// @param id the one that it must be, or null for the challenge's own
  private Optional<Challenge> challenge(
      ServerRequest request, ServerResponse response, @Nullable String id) {
    Optional<Secret> bearer = Bearers.of(request);
    if (bearer.isEmpty()) {
      Bearers.missing(response);
      return Optional.empty();
    }
    String named = approvalOf(bearer.get());
    Optional<Approval> approval =
        named.isEmpty() || (id != null && !id.equals(named))
            ? Optional.empty()
            : stepUps.find(named);
    if (approval.isEmpty()) {
      Bearers.invalid(response, "the challenge is not valid for this verification");
    }
    return approval.map(Challenge::new);
  }

  private String approvalOf(Secret challenge) {
    return switch (tokens.checkChallenge(challenge.reveal())) {
      case JwtCheck.Verified(VerifiedJwt jwt) -> jwt.text("approval_id").orElse("");
      case JwtCheck.Rejected _ -> "";
      case JwtCheck.Unavailable(String reason) -> throw new UnavailableException(reason, null);
    };
  }

  private ObjectNode body(Approval approval, boolean wantsProof) {
    Instant now = clock.instant();
    Approval.State state = approval.state(now);
    Factor channel = approval.channel() == null ? Factor.EMAILOTP : approval.channel();
    ObjectNode body =
        StrictJson.object()
            .put("id", approval.id())
            .put("type", channel.code())
            .put("state", word(state))
            .put("attempts", approval.tries())
            .put("retries", Math.max(0, stepUps.tries() - approval.tries()))
            .put("number", approval.number())
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

  /// An approval that the caller may ask about.
  private record Challenge(Approval approval) {}
}
