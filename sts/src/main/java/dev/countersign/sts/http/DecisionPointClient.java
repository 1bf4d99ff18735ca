package dev.countersign.sts.http;

import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Grounds;
import dev.countersign.policy.Match;
import dev.countersign.policy.Outcome;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.DecisionSettings;
import dev.countersign.sts.OutsideDecisions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Asks a decision point of another maker, one evaluation for each element of a request. Whatever
/// is not plainly `"decision": true` in time is a denial. Threads may share it.
///
/// @spec https://openid.net/specs/authorization-api-1_0.html#name-access-evaluation-api AuthZEN 1.0
///   §6
public final class DecisionPointClient implements OutsideDecisions {
  private static final String RULE = "(decision point)";

  private final DecisionSettings.Outside settings;
  private final WireClient client;

  public DecisionPointClient(DecisionSettings.Outside settings, WireClient client) {
    this.settings = settings;
    this.client = client;
  }

  @Override
  public boolean isThere() {
    return true;
  }

  @Override
  public boolean isAlone() {
    return settings.isAlone();
  }

  @Override
  public Decision ask(AccessRequest asked, String policyVersion) {
    var matches = new ArrayList<Match>();
    List<AuthorizationDetails.Element> elements = asked.details().elements();
    for (int i = 0; i < elements.size() && matches.isEmpty(); i++) {
      String refusal = refusal(asked, elements.get(i));
      if (!refusal.isEmpty()) {
        matches.add(new Match(RULE, Outcome.DENY, i, refusal, Map.of()));
      }
    }
    if (matches.isEmpty()) {
      String reason = "the outside decision point permits this";
      for (int i = 0; i < elements.size(); i++) {
        matches.add(new Match(RULE, Outcome.PERMIT, i, reason, Map.of()));
      }
      return new Decision.Permit(new Grounds(policyVersion, reason, matches, List.of()));
    }
    return new Decision.Deny(
        new Grounds(policyVersion, matches.getFirst().reason(), matches, List.of()));
  }

  /// Why not; empty if it may be.
  private String refusal(AccessRequest asked, AuthorizationDetails.Element element) {
    var headers = new HashMap<String, String>();
    headers.put("Content-Type", "application/json");
    headers.put("Accept", "application/json");
    if (settings.token() != null) {
      headers.put("Authorization", "Bearer " + settings.token().reveal());
    }
    try {
      WireClient.Answer answer =
          client.send(
              "POST",
              settings.evaluation(),
              headers,
              StrictJson.write(question(asked, element)),
              settings.timeout());
      if (answer.status() != 200) {
        return "the outside decision point did not decide";
      }
      JsonNode decision = StrictJson.parseObject(answer.body()).path("decision");
      if (!decision.isBoolean()) {
        return "the outside decision point did not decide";
      }
      return decision.booleanValue() ? "" : "the outside decision point denies this";
    } catch (WireClient.WireFailure away) {
      return "the outside decision point did not answer in time";
    } catch (MalformedJsonException malformed) {
      return "the outside decision point did not decide";
    }
  }

  private static ObjectNode question(AccessRequest asked, AuthorizationDetails.Element element) {
    ObjectNode question = StrictJson.object();
    ObjectNode subject = question.putObject("subject");
    subject.put("type", "user").put("id", asked.subject());
    ObjectNode facts = subject.putObject("properties");
    facts.put("anchor", asked.anchor());
    asked
        .attributes()
        .forEach((name, attribute) -> {
          if (!name.equals(AttributeStore.MAIL)) {
            facts.set(name, attribute.value());
          }
        });
    String action = element.action().isEmpty() ? "request" : element.action();
    question.putObject("action").put("name", action);
    ObjectNode resource = question.putObject("resource");
    resource.put("type", element.type()).put("id", asked.details().digest());
    ObjectNode properties = element.json();
    properties.remove("type");
    resource.set("properties", properties);
    ObjectNode context = question.putObject("context");
    context.put("time", asked.now().toString());
    context.put("client_id", asked.client()).put("actor", asked.actor());
    var scopes = context.putArray("scopes");
    asked.scopes().stream().sorted().forEach(scopes::add);
    return question;
  }
}
