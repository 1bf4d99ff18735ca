package dev.countersign.policy;

import dev.countersign.config.ConfigException;
import dev.countersign.config.ConfigFile;
import dev.countersign.config.ConfigSection;
import dev.countersign.config.Problems;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.WireException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/// Tests of a policy as a table in a file beside it.
///
/// ```yaml
/// tests:
///   - name: the second refund of the day goes over the limit
///     attributes: { refund_limit: 5000 }
///     at: 2026-01-05T12:00:00Z
///     before:                     # decided and counted first, in this order
///       - { ago: 2h, request: { type: urn:example:refund, amount: 4000 }, times: 1 }
///     request: { type: urn:example:refund, amount: 2000 }
///     expect: deny
///     rule: over-the-daily-limit  # optional: this rule made the decision
/// ```
///
/// `history: { name: value }` gives counters instead of `before`; `resources: { "record:R-7": {
/// classification: secret } }` what is known about things. In texts of a request below `before`,
/// `{n}` is the number of the repetition.
public final class PolicyTests {
  private static final Instant NOON = Instant.parse("2026-01-05T12:00:00Z");
  private static final int MOST_TIMES = 5_000;

  private final Policy policy;
  private final Map<String, ScopeHistory> scopes = new HashMap<>();

  private PolicyTests(Policy policy) {
    this.policy = policy;
  }

  /// How one test ended.
  ///
  /// @param problem what is wrong; empty if it passed
  public record Result(String name, String problem) {
    public boolean isPassed() {
      return problem.isEmpty();
    }
  }

  /// Runs all tests of a file.
  ///
  /// @throws ConfigException if the file itself is faulty
  public static List<Result> run(Path file, Policy policy) {
    var problems = new Problems();
    ConfigSection root = ConfigFile.read(file, problems);
    var results = new ArrayList<Result>();
    var names = new HashSet<String>();
    List<ConfigSection> sections = root.sections("tests");
    if (sections.isEmpty()) {
      root.problem("tests", "missing; name at least one test");
    }
    root.done();
    for (ConfigSection section : sections) {
      String name = section.text("name");
      if (!names.add(name)) {
        section.problem("name", "there is already a test of this name");
      }
      results.add(new Result(name, new PolicyTests(policy).problem(section)));
      section.done();
    }
    problems.throwIfAny();
    return results;
  }

  private String problem(ConfigSection test) {
    String expected = test.text("expect");
    Optional<String> rule = test.optionalText("rule");
    Instant now = time(test);
    var given = new HashMap<String, History.Given>();
    for (Map.Entry<String, JsonNode> one : test.tree("history").properties()) {
      given.put(one.getKey(), new History.Given(Recorded.value(one.getValue()), null));
      if (!policy.counters().contains(one.getKey())) {
        test.problem(
            "history",
            "no counter `" + one.getKey() + "`" + Nearest.hint(one.getKey(), policy.counters()));
      }
    }
    try {
      for (ConfigSection before : test.sections("before")) {
        happen(test, before, now);
      }
      Who who = who(test, Who.DEFAULT);
      Stage stage = test.flag("approved", false) ? Stage.APPROVED : Stage.FIRST;
      AccessRequest request = request(who, details(test.tree("request"), 1), now);
      request = request.knowing(request.attributes(), things(test.tree("resources"), now));
      History past =
          given.isEmpty() ? History.of(stage, read(request)) : History.given(stage, given);
      Decision decision = policy.evaluate(request, past).decision();
      return verdict(decision, expected, rule);
    } catch (WireException refused) {
      return "the request is not as its type says: " + refused.description();
    }
  }

  private static String verdict(Decision decision, String expected, Optional<String> rule) {
    String rules = String.join(", ", decision.decisive().stream().map(Match::rule).toList());
    if (!decision.outcome().code().equals(expected)) {
      return "expected "
          + expected
          + ", but it is "
          + decision.outcome().code()
          + " by "
          + rules
          + ": "
          + decision.reason();
    }
    return rule.isPresent()
            && decision.decisive().stream().noneMatch(match -> match.rule().equals(rule.get()))
        ? "expected the rule " + rule.get() + ", but it is " + expected + " by " + rules
        : "";
  }

  private void happen(ConfigSection test, ConfigSection before, Instant now) {
    Who who = who(before, who(test, Who.DEFAULT));
    Duration ago = before.duration("ago", Duration.ZERO);
    long times = before.integer("times", 1);
    boolean isApproved = before.flag("approved", false);
    JsonNode request = before.tree("request");
    before.done();
    if (times < 1 || times > MOST_TIMES) {
      before.problem("times", "must be 1 to " + MOST_TIMES);
      return;
    }
    for (int n = 1; n <= times; n++) {
      AccessRequest one = request(who, details(request, n), now.minus(ago));
      Evaluation evaluation =
          policy.evaluate(one, History.of(isApproved ? Stage.APPROVED : Stage.FIRST, read(one)));
      scopes.putAll(evaluation.after(evaluation.decision().outcome()).states());
    }
  }

  private Map<String, ScopeHistory> read(AccessRequest request) {
    var read = new HashMap<String, ScopeHistory>();
    for (String scope : policy.scopes(request)) {
      read.put(scope, scopes.getOrDefault(scope, ScopeHistory.EMPTY));
    }
    return read;
  }

  private AuthorizationDetails details(JsonNode request, int n) {
    ArrayNode elements = StrictJson.array();
    if (request instanceof ArrayNode list) {
      list.forEach(elements::add);
    } else {
      elements.add(request);
    }
    String text = StrictJson.write(elements).replace("{n}", Integer.toString(n));
    AuthorizationDetails details = AuthorizationDetails.parse(text);
    policy.types().check(details);
    return details;
  }

  private static Instant time(ConfigSection test) {
    Optional<String> at = test.optionalText("at");
    try {
      return at.map(Instant::parse).orElse(NOON);
    } catch (DateTimeException malformed) {
      test.problem("at", "must be a time such as 2026-01-05T12:00:00Z");
      return NOON;
    }
  }

  private AccessRequest request(Who who, AuthorizationDetails details, Instant now) {
    Map<String, Attribute> attributes = believed(who.attributes, policy.declared().declared(), now);
    int bar = who.subject.indexOf('|');
    return new AccessRequest(
        who.subject,
        bar < 0 ? who.subject : who.subject.substring(0, bar),
        attributes,
        who.client,
        who.actor,
        who.scopes,
        details,
        now);
  }

  /// Facts from somebody whom the policy believes: a test is about what the rules make of them.
  private static Map<String, Attribute> believed(
      JsonNode values, Map<String, Attributes.Declared> declared, Instant now) {
    var facts = new HashMap<String, Attribute>();
    for (Map.Entry<String, JsonNode> one : values.properties()) {
      Attributes.Declared as = declared.get(one.getKey());
      facts.put(
          one.getKey(),
          as == null
              ? new Attribute(one.getValue(), "test", now)
              : as.believed(one.getValue(), now));
    }
    return facts;
  }

  private Map<String, Map<String, Attribute>> things(JsonNode known, Instant now) {
    var things = new HashMap<String, Map<String, Attribute>>();
    for (Map.Entry<String, JsonNode> thing : known.properties()) {
      var declared = new HashMap<String, Attributes.Declared>();
      policy.resourceFacts().stream()
          .filter(resource -> thing.getKey().startsWith(resource.name() + ":"))
          .forEach(resource -> declared.putAll(resource.attributes().declared()));
      things.put(thing.getKey(), believed(thing.getValue(), declared, now));
    }
    return things;
  }

  private static Who who(ConfigSection section, Who otherwise) {
    String client = section.optionalText("client").orElse(otherwise.client);
    return new Who(
        section.optionalText("subject").orElse(otherwise.subject),
        section.has("attributes") ? section.tree("attributes") : otherwise.attributes,
        client,
        section.optionalText("actor").orElse(section.has("client") ? client : otherwise.actor),
        section.has("scopes") ? Set.copyOf(section.texts("scopes")) : otherwise.scopes);
  }

  /// Who asks.
  private record Who(
      String subject, JsonNode attributes, String client, String actor, Set<String> scopes) {
    static final Who DEFAULT =
        new Who("test|person", StrictJson.object(), "gateway", "gateway", Set.of());
  }
}
