package dev.countersign.sts;

import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Attribute;
import dev.countersign.policy.Decision;
import dev.countersign.policy.Evaluation;
import dev.countersign.policy.Grounds;
import dev.countersign.policy.History;
import dev.countersign.policy.Policy;
import dev.countersign.policy.ScopeHistory;
import dev.countersign.policy.Stage;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedCollection;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Decides about a request and draws on the counters in one step: what a decision is based on is
/// unchanged when it is written, or it is decided again. A policy that breaks denies.
///
/// What is drawn is durable before the decision is returned, so that a crash in between can cost a
/// person some of a limit and never gives more than there is.
///
/// Threads may share it.
public final class Decisions {
  private static final int MOST_TRIES = 100;
  private static final int STRIPES = 256;
  private static final long PATIENCE_SECONDS = 5;

  private final CurrentPolicy policy;
  private final FactStore facts;
  private final HistoryStore histories;
  private final OutsideDecisions outside;
  private final Notices notices;
  private final Set<String> givenBack;
  private final Consumer<RuntimeException> policyFailures;
  private final ReentrantLock[] turns = new ReentrantLock[STRIPES];

  /// @param givenBack audiences whose grants are given back when they were never used
  /// @param policyFailures told when the policy engine itself breaks
  public Decisions(
      CurrentPolicy policy,
      FactStore facts,
      HistoryStore histories,
      OutsideDecisions outside,
      Notices notices,
      Set<String> givenBack,
      Consumer<RuntimeException> policyFailures) {
    this.policy = policy;
    this.facts = facts;
    this.histories = histories;
    this.outside = outside;
    this.notices = notices;
    this.givenBack = Set.copyOf(givenBack);
    this.policyFailures = policyFailures;
    for (int i = 0; i < STRIPES; i++) {
      turns[i] = new ReentrantLock();
    }
  }

  /// Reads what a decision about this request needs.
  ///
  /// @param actor the current actor's name for policy
  Known known(TokenRequest request, Subject subject, String actor, Instant now) {
    String client = request.client().id();
    return known(
        new AccessRequest(
            subject.key(),
            subject.anchor(),
            subject.attributes(),
            client,
            actor,
            request.scopes(),
            request.details(),
            now));
  }

  /// Reads what a decision about this request needs.
  ///
  /// @param asked with the attributes that are known already; they go before the store's
  public Known known(AccessRequest asked) {
    Policy current = policy.get();
    var names = new HashSet<>(current.attributes());
    names.add(AttributeStore.MAIL);
    Set<String> scopes = current.scopes(asked);
    names.addAll(current.resourceAttributes());
    FactStore.Facts found = facts.read(asked.subject(), names, scopes, current.resources(asked));
    var attributes = new HashMap<>(found.attributes());
    attributes.putAll(asked.attributes());
    var seen = new TreeMap<String, HistoryStore.Kept>();
    for (String scope : scopes) {
      HistoryStore.Kept kept = found.histories().get(scope);
      seen.put(scope, kept == null ? HistoryStore.Kept.NOTHING : kept);
    }
    return new Known(current, asked.knowing(attributes, found.things()), found.closedAt(), seen);
  }

  /// Decides without drawing on anything: for what leads to no token.
  Decided judge(Known known, Stage stage) {
    Judged judged = judge(known, stage, known.histories, null);
    return new Decided(judged.decision, judged.inputs, List.of());
  }

  /// Decides, and draws on the counters.
  ///
  /// @param grant who asks for what, and when the token would end
  /// @throws HistoryStore.Contended if too many others draw on the same counters
  public Decided decide(Known known, Stage stage, Intended grant) {
    if (known.histories.isEmpty()) {
      return settled(known, stage, grant, null);
    }
    // another maker's decision point is not waited for while others wait for their turn
    @Nullable Decision verdict =
        outside.isThere() ? judge(known, stage, known.histories, null).verdict : null;
    List<ReentrantLock> held = enter(known.histories);
    try {
      return settled(known, stage, grant, verdict);
    } finally {
      held.forEach(ReentrantLock::unlock);
    }
  }

  private Decided settled(
      Known known, Stage stage, Intended grant, @Nullable Decision earlierVerdict) {
    SortedMap<String, HistoryStore.Kept> seen = known.histories;
    @Nullable Decision verdict = earlierVerdict;
    for (int i = 0; i < MOST_TRIES; i++) {
      Judged judged = judge(known, stage, seen, verdict);
      verdict = judged.verdict;
      Evaluation.Changes changes =
          judged.evaluation == null
              ? new Evaluation.Changes(Map.of(), List.of())
              : judged.evaluation.after(judged.decision.outcome());
      Map<String, HistoryStore.Kept> now =
          changes.states().isEmpty()
              ? Map.of()
              : histories.reserve(seen, changes.states(), reservation(known, grant, changes));
      if (now.isEmpty()) {
        if (!judged.decision.grounds().told().isEmpty()) {
          notices.tell(
              grant.jti(),
              known.asked,
              known.policy.types().forAudit(known.asked.details()),
              judged.decision);
        }
        return new Decided(judged.decision, judged.inputs, changes.reserved());
      }
      seen = new TreeMap<>(now);
    }
    throw new HistoryStore.Contended();
  }

  /// Gives back what a decision drew whose token will never leave.
  void release(Call call, Decided decided) {
    histories.giveBack(call.subject(), call.jti(), decided.taken());
  }

  private HistoryStore.@Nullable Grant reservation(
      Known known, Intended grant, Evaluation.Changes changes) {
    return changes.reserved().isEmpty() || !givenBack.contains(grant.audience())
        ? null
        : new HistoryStore.Grant(
            known.asked.subject(),
            grant.jti(),
            grant.audience(),
            changes.reserved(),
            grant.endsAt());
  }

  private Judged judge(
      Known known,
      Stage stage,
      SortedMap<String, HistoryStore.Kept> seen,
      @Nullable Decision earlierVerdict) {
    Policy current = known.policy;
    try {
      Evaluation evaluation = current.evaluate(known.asked, past(stage, seen));
      ObjectNode inputs = inputs(known, stage, evaluation);
      Decision own = outside.isAlone() ? outside.open(current.version()) : evaluation.decision();
      Decision verdict =
          earlierVerdict == null && OutsideDecisions.isOpen(own)
              ? outside.ask(known.asked, current.version())
              : earlierVerdict;
      Decision decision = verdict == null ? own : OutsideDecisions.both(own, verdict);
      return new Judged(decision, verdict, inputs, evaluation);
    } catch (UnavailableException away) {
      throw away;
    } catch (RuntimeException broken) {
      policyFailures.accept(broken);
      var deny =
          new Decision.Deny(Grounds.of(current.version(), "the policy could not be evaluated"));
      return new Judged(deny, earlierVerdict, inputs(known, stage, null), null);
    }
  }

  private static History past(Stage stage, Map<String, HistoryStore.Kept> seen) {
    var past = new HashMap<String, ScopeHistory>();
    seen.forEach((scope, kept) -> past.put(scope, kept.history()));
    return History.of(stage, past);
  }

  private static ObjectNode inputs(Known known, Stage stage, @Nullable Evaluation evaluation) {
    AccessRequest asked = known.asked;
    ObjectNode inputs =
        StrictJson.object()
            .put("now", asked.now().toString())
            .put("anchor", asked.anchor())
            .put("actor", asked.actor())
            .put("stage", stage.name().toLowerCase(java.util.Locale.ROOT));
    ObjectNode origins = StrictJson.object();
    var person = new TreeMap<>(asked.attributes());
    person.remove(AttributeStore.MAIL);
    put(person, inputs.putObject("attributes"), origins.putObject("attributes"));
    Map<String, Map<String, Attribute>> resources = known.policy.resourcesForAudit(asked);
    if (!resources.isEmpty()) {
      ObjectNode things = inputs.putObject("resources");
      ObjectNode sources = origins.putObject("resources");
      resources.forEach((key, facts) -> put(facts, things.putObject(key), sources.putObject(key)));
    }
    inputs.set("origins", origins);
    if (evaluation != null && !evaluation.before().isEmpty()) {
      put(inputs.putObject("history"), evaluation.before());
      put(inputs.putObject("total"), evaluation.totals());
    }
    return inputs;
  }

  private static void put(Map<String, Attribute> facts, ObjectNode values, ObjectNode origins) {
    facts.forEach((name, fact) -> {
      values.set(name, fact.value());
      origins.set(name, fact.origin());
    });
  }

  private static void put(ObjectNode json, Map<String, Object> values) {
    values.forEach((name, value) -> {
      switch (value) {
        case Long number -> json.put(name, number);
        case Boolean flag -> json.put(name, flag);
        default -> json.put(name, value.toString());
      }
    });
  }

  /// Requests of this replica that draw on the same history go one after the other: only other
  /// replicas can come between. Always in the same order.
  private List<ReentrantLock> enter(SortedMap<String, HistoryStore.Kept> scopes) {
    SequencedCollection<Integer> stripes =
        scopes.keySet().stream()
            .map(scope -> Math.floorMod(scope.hashCode(), STRIPES))
            .distinct()
            .sorted()
            .toList();
    var held = new java.util.ArrayList<ReentrantLock>();
    boolean done = false;
    try {
      for (int stripe : stripes) {
        if (!turns[stripe].tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          throw new HistoryStore.Contended();
        }
        held.add(turns[stripe]);
      }
      done = true;
      return held;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HistoryStore.Contended();
    } finally {
      if (!done) {
        held.forEach(ReentrantLock::unlock);
      }
    }
  }

  /// What a decision is based on.
  public static final class Known {
    private final Policy policy;
    private final AccessRequest asked;
    private final @Nullable Instant closedAt;
    private final SortedMap<String, HistoryStore.Kept> histories;

    private Known(
        Policy policy,
        AccessRequest asked,
        @Nullable Instant closedAt,
        SortedMap<String, HistoryStore.Kept> histories) {
      this.policy = policy;
      this.asked = asked;
      this.closedAt = closedAt;
      this.histories = histories;
    }

    Policy policy() {
      return policy;
    }

    AccessRequest asked() {
      return asked;
    }

    /// Whether the person's sessions were ended since this sign-in.
    boolean isClosedSince(Instant signedIn) {
      return closedAt != null && !signedIn.isAfter(closedAt);
    }

    /// The histories as they were read.
    History past(Stage stage) {
      return Decisions.past(stage, histories);
    }

    /// What policy may know about the person: the token's word first, then the store's.
    Map<String, Attribute> facts() {
      return asked.attributes();
    }
  }

  /// The token that a decision is about.
  ///
  /// @param endsAt when nobody could use it any more
  public record Intended(String jti, String audience, Instant endsAt) {}

  private record Judged(
      Decision decision,
      @Nullable Decision verdict,
      ObjectNode inputs,
      @Nullable Evaluation evaluation) {}
}
