package dev.countersign.sts;

import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Match;
import dev.countersign.policy.Policy;
import dev.countersign.policy.SmallestChange;
import dev.countersign.policy.Stage;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The same decision for programs that ask by AuthZEN: with history, ceilings, gate and ledger, and
/// drawing on the same counters, since whoever asks here goes on to act.
///
/// Only a permit is `true`. A person whose sessions were ended is denied until a trusted caller
/// says that they signed in since. Threads may share it.
///
/// @spec https://openid.net/specs/authorization-api-1_0.html#name-access-evaluation-api AuthZEN 1.0
///   §6, §7
public final class AccessEvaluations {
  private static final int MOST = 50;
  private static final List<String> PARTS = List.of("subject", "action", "resource", "context");
  private static final String AUDIENCE = "authzen";

  private final CurrentPolicy policy;
  private final Decisions decisions;
  private final Gate gate;
  private final Ledger ledger;
  private final InstantSource clock;

  public AccessEvaluations(
      CurrentPolicy policy, Decisions decisions, Gate gate, Ledger ledger, InstantSource clock) {
    this.policy = policy;
    this.decisions = decisions;
    this.gate = gate;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Answers one evaluation.
  ///
  /// @throws MalformedJsonException if the request is not one
  public ObjectNode one(String name, DecisionSettings.Caller caller, ObjectNode request) {
    Question question = Question.read(request);
    try {
      return decided(name, caller, question);
    } catch (WireException unfit) {
      return refused(unfit.description());
    }
  }

  /// Answers several evaluations in their order.
  ///
  /// @throws MalformedJsonException if the request as a whole is not one
  public ObjectNode several(String name, DecisionSettings.Caller caller, ObjectNode request) {
    JsonNode list = request.path("evaluations");
    if (list.isMissingNode() || (list.isArray() && list.isEmpty())) {
      return one(name, caller, request);
    }
    if (!list.isArray() || list.size() > MOST) {
      throw new MalformedJsonException("evaluations must be an array of at most 50 objects");
    }
    Semantic semantic = Semantic.of(request.path("options").path("evaluations_semantic"));
    ObjectNode answer = StrictJson.object();
    ArrayNode answers = answer.putArray("evaluations");
    for (JsonNode entry : list) {
      ObjectNode each = entry(name, caller, request, entry);
      answers.add(each);
      if (semantic.ends(each.path("decision").booleanValue())) {
        break;
      }
    }
    return answer;
  }

  // A part of an entry replaces the default as a whole (§7.1.1).
  private ObjectNode entry(
      String name, DecisionSettings.Caller caller, ObjectNode defaults, JsonNode entry) {
    if (!entry.isObject()) {
      return faulty("an evaluation must be an object");
    }
    ObjectNode whole = StrictJson.object();
    for (String part : PARTS) {
      JsonNode own = entry.path(part);
      JsonNode value = own.isMissingNode() ? defaults.path(part) : own;
      if (!value.isMissingNode()) {
        whole.set(part, value);
      }
    }
    try {
      return one(name, caller, whole);
    } catch (MalformedJsonException malformed) {
      return faulty(String.valueOf(malformed.getMessage()));
    }
  }

  private ObjectNode decided(String name, DecisionSettings.Caller caller, Question question) {
    Optional<String> subject = subject(caller, question);
    if (subject.isEmpty()) {
      return refused("the subject is nobody whom this caller may ask about");
    }
    Policy current = policy.get();
    Instant now = clock.instant();
    var details =
        AuthorizationDetails.of(
            StrictJson.array()
                .add(
                    current
                        .types()
                        .element(
                            question.resourceType,
                            question.resource,
                            question.action,
                            question.resourceId)));
    current.types().check(details);
    String key = subject.get();
    var asked =
        new AccessRequest(
            key,
            key.substring(0, key.indexOf('|')),
            facts(caller, question, current, now),
            caller.client(),
            actor(caller, question),
            scopes(caller, question),
            details,
            now);
    Decisions.Known known = decisions.known(asked);
    if (known.isClosedSince(signedIn(caller, question))) {
      return refused("the session of the subject was revoked");
    }
    String jti = Ids.random();
    Decided decided =
        decisions.decide(known, Stage.FIRST, new Decisions.Intended(jti, AUDIENCE, now));
    if (decided.decision() instanceof Decision.Kill kill) {
      gate.close(
          new Kill(key, jti, kill.reason(), Kill.Initiator.POLICY, now, Kill.Announce.TRANSMITTER));
    }
    ledger.append(
        new LedgerEntry(LedgerEvent.ACCESS_EVALUATED, jti, key, story(name, known, decided)));
    return answer(caller, known, decided, jti);
  }

  private static Optional<String> subject(DecisionSettings.Caller caller, Question question) {
    String id = question.subjectId;
    if (caller.anchors().contains(question.subjectType)) {
      return known(question.subjectType + "|" + id);
    }
    int bar = id.indexOf('|');
    if (bar > 0 && caller.anchors().contains(id.substring(0, bar))) {
      return known(id);
    }
    return caller.anchors().size() == 1
        ? known(caller.anchors().iterator().next() + "|" + id)
        : Optional.empty();
  }

  private static Optional<String> known(String key) {
    return Sessions.isSubjectKey(key) ? Optional.of(key) : Optional.empty();
  }

  private static Map<String, Attribute> facts(
      DecisionSettings.Caller caller, Question question, Policy current, Instant now) {
    var facts = new HashMap<String, Attribute>();
    if (caller.isTrusted()) {
      for (String name : current.attributes()) {
        JsonNode value = question.subject.path(name);
        if (!value.isMissingNode()) {
          facts.put(name, new Attribute(value, "caller", now));
        }
      }
    }
    return facts;
  }

  private static String actor(DecisionSettings.Caller caller, Question question) {
    String named = question.context.path("actor").asString("");
    return caller.isTrusted() && !named.isEmpty() ? named : caller.client();
  }

  private static Set<String> scopes(DecisionSettings.Caller caller, Question question) {
    var scopes = new HashSet<String>();
    if (caller.isTrusted()) {
      question.context.path("scopes").forEach(scope -> scopes.add(scope.asString("")));
    }
    return scopes;
  }

  private static Instant signedIn(DecisionSettings.Caller caller, Question question) {
    JsonNode time = question.subject.path("auth_time");
    return caller.isTrusted() && time.isIntegralNumber() && time.canConvertToLong()
        ? Instant.ofEpochSecond(Math.clamp(time.longValue(), 0, 1L << 40))
        : Instant.MIN;
  }

  private static ObjectNode story(String name, Decisions.Known known, Decided decided) {
    AccessRequest asked = known.asked();
    Decision decision = decided.decision();
    ObjectNode data =
        StrictJson.object()
            .put("caller", name)
            .put("client_id", asked.client())
            .put("scope", String.join(" ", asked.scopes().stream().sorted().toList()))
            .put("outcome", decision.outcome().code())
            .put("reason", decision.reason())
            .put("policy_version", decision.policyVersion())
            .put("digest", asked.details().digest());
    data.set("authorization_details", known.policy().types().forAudit(asked.details()));
    ArrayNode matches = data.putArray("matches");
    decision
        .matches()
        .forEach(match -> matches.add(known.policy().types().forAudit(match, asked.details())));
    data.set("inputs", decided.inputs());
    return data;
  }

  private static ObjectNode answer(
      DecisionSettings.Caller caller, Decisions.Known known, Decided decided, String jti) {
    Decision decision = decided.decision();
    ObjectNode answer = StrictJson.object().put("decision", decision instanceof Decision.Permit);
    ObjectNode context = answer.putObject("context");
    context.put("id", jti).put("outcome", decision.outcome().code());
    if (decision instanceof Decision.Permit) {
      return answer;
    }
    ArrayNode reasons = context.putArray("reasons");
    decision.decisive().stream().map(Match::reason).distinct().forEach(reasons::add);
    ArrayNode rules = context.putArray("rules");
    decision.decisive().forEach(match -> rules.add(match.forCallers()));
    if (caller.isOperator()) {
      ArrayNode changes = context.putArray("changes");
      SmallestChange.of(known.policy(), known.asked(), known.past(Stage.FIRST))
          .forEach(change -> changes.add(change.json()));
    }
    return answer;
  }

  private static ObjectNode refused(String reason) {
    ObjectNode answer = StrictJson.object().put("decision", false);
    answer.putObject("context").put("outcome", "deny").putArray("reasons").add(reason);
    return answer;
  }

  private static ObjectNode faulty(String message) {
    ObjectNode answer = StrictJson.object().put("decision", false);
    answer.putObject("context").putObject("error").put("status", 400).put("message", message);
    return answer;
  }

  /// When a list of evaluations ends early.
  private enum Semantic {
    EXECUTE_ALL,
    DENY_ON_FIRST_DENY,
    PERMIT_ON_FIRST_PERMIT;

    static Semantic of(JsonNode name) {
      if (name.isMissingNode()) {
        return EXECUTE_ALL;
      }
      for (Semantic semantic : values()) {
        if (semantic.name().toLowerCase(java.util.Locale.ROOT).equals(name.asString(""))) {
          return semantic;
        }
      }
      throw new MalformedJsonException("options.evaluations_semantic is none of the three");
    }

    boolean ends(boolean decision) {
      return switch (this) {
        case EXECUTE_ALL -> false;
        case DENY_ON_FIRST_DENY -> !decision;
        case PERMIT_ON_FIRST_PERMIT -> decision;
      };
    }
  }

  /// One evaluation request, with the members that AuthZEN wants.
  ///
  /// @param subject the subject's properties
  /// @param resource the resource's properties
  private record Question(
      String subjectType,
      String subjectId,
      ObjectNode subject,
      String action,
      String resourceType,
      String resourceId,
      ObjectNode resource,
      ObjectNode context) {

    static Question read(ObjectNode request) {
      ObjectNode subject = object(request, "subject", true);
      ObjectNode action = object(request, "action", true);
      ObjectNode resource = object(request, "resource", true);
      object(action, "properties", false);
      return new Question(
          text(subject, "subject", "type"),
          text(subject, "subject", "id"),
          object(subject, "properties", false),
          text(action, "action", "name"),
          text(resource, "resource", "type"),
          text(resource, "resource", "id"),
          object(resource, "properties", false),
          object(request, "context", false));
    }

    private static ObjectNode object(ObjectNode in, String name, boolean isRequired) {
      JsonNode value = in.path(name);
      if (value instanceof ObjectNode object) {
        return object;
      }
      if (isRequired || !value.isMissingNode()) {
        throw new MalformedJsonException("`" + name + "` must be an object");
      }
      return StrictJson.object();
    }

    private static String text(ObjectNode in, String part, String name) {
      JsonNode value = in.path(name);
      if (!value.isString() || value.stringValue().isEmpty()) {
        throw new MalformedJsonException("`" + part + "." + name + "` must be a text");
      }
      return value.stringValue();
    }
  }
}
