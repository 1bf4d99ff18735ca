package dev.countersign.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.AuthorizationDetails;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Decisions over any sequence of requests are those of an evaluator that remembers everything and
/// computes everything anew.
class HistoryPropertiesTest {
  private static final Instant START = Instant.parse("2026-03-29T00:00:00Z");
  private static final TypeRegistry TYPES =
      TypeRegistry.load(Refunds.EXAMPLE.resolve("types.yaml"));
  private static final String AMOUNT = "request.operationDetails.instructedAmount.amount";
  private static final String ACCOUNT = "request.operationDetails.creditorAccount.identification";

  /// One request of the sequence.
  ///
  /// @param after seconds since the one before; negative where the clock was set back
  /// @param amounts one element each
  record Step(
      int after, int person, int agent, List<Integer> amounts, int account, boolean isApproved) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Step> step =
        Combinators.combine(
                Arbitraries.frequencyOf(
                    net.jqwik.api.Tuple.of(8, Arbitraries.integers().between(0, 40)),
                    net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(60, 200)),
                    net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(-30, -1))),
                Arbitraries.integers().between(0, 1),
                Arbitraries.integers().between(0, 2),
                Arbitraries.integers().between(1, 60).list().ofMinSize(1).ofMaxSize(3),
                Arbitraries.integers().between(0, 4),
                Arbitraries.of(true, false))
            .as(Step::new);
    return step.list().ofMinSize(1).ofMaxSize(60);
  }

  @Property(tries = 150)
  void decideAsAnEvaluatorThatRemembersEverything(@ForAll("steps") List<Step> steps) {
    Policy policy = Policy.parse("generated", DOCUMENT);
    var scopes = new HashMap<String, ScopeHistory>();
    var reference = new Reference();
    Instant now = START;
    Instant latest = START;
    for (Step step : steps) {
      // a clock that is set back by less than the shortest window
      Instant next = now.plusSeconds(step.after);
      now = next.isBefore(latest.minusSeconds(15)) ? latest.minusSeconds(15) : next;
      latest = now.isAfter(latest) ? now : latest;
      AccessRequest request = request(step, now);
      Stage stage = step.isApproved ? Stage.APPROVED : Stage.FIRST;
      var past = new HashMap<String, ScopeHistory>();
      policy
          .scopes(request)
          .forEach(scope -> past.put(scope, scopes.getOrDefault(scope, ScopeHistory.EMPTY)));
      Evaluation evaluation = policy.evaluate(request, History.of(stage, past));
      Reference.Seen expected = reference.decide(step, stage, now);

      assertThat(evaluation.before()).as("before at %s", now).isEqualTo(expected.before);
      assertThat(evaluation.totals()).as("totals at %s", now).isEqualTo(expected.totals);
      assertThat(evaluation.decision().outcome())
          .as("outcome at %s", now)
          .isEqualTo(expected.outcome);

      reference.remember(step, stage, expected.outcome, now);
      evaluation
          .after(evaluation.decision().outcome())
          .states()
          .forEach((scope, state) -> scopes.put(scope, ScopeHistory.parse(state.json())));
    }
  }

  private static AccessRequest request(Step step, Instant now) {
    String[] elements =
        step.amounts.stream()
            .map(amount -> Refunds.refund(Integer.toString(amount), "USD", account(step)))
            .toArray(String[]::new);
    AuthorizationDetails details = Refunds.details(elements);
    TYPES.check(details);
    return new AccessRequest(
        "okta|" + step.person,
        "okta",
        Map.of(),
        "gateway",
        "agent-" + step.agent,
        Set.of(),
        details,
        now);
  }

  private static String account(Step step) {
    return "R-000-000" + step.account;
  }

  private static final String DOCUMENT = document();

  private static String document() {
    String yaml =
        """
        counters:
          sum_60: { measure: sum, type: urn:smt:agent:refund, value: %1$s, per: subject, within: 60s }
          big_90: { measure: count, type: urn:smt:agent:refund, where: %1$s > 30, per: tenant, within: 90s }
          accounts_50: { measure: distinct, value: %2$s, type: urn:smt:agent:refund, per: subject, within: 50s }
          agents_30: { measure: distinct, value: actor, per: subject, within: 30s, of: asked }
          refused_40: { measure: count, per: actor, within: 40s, of: refused }
          approved_20: { measure: count, per: subject, within: 20s, of: approved }
          last_account: { measure: last, value: %2$s, type: urn:smt:agent:refund, per: subject, within: 45s }
        patterns:
          small_then_big:
            per: subject
            within: 25s
            steps:
              - { type: urn:smt:agent:refund, where: %1$s <= 30, distinct: %2$s, at_least: 2, within: 40s }
              - { type: urn:smt:agent:refund, where: %1$s > 30 }
        rules:
          - { name: within, when: total.sum_60 <= 150 && total.big_90 < 8, type: urn:smt:agent:refund, then: permit }
          - { name: accounts, when: total.accounts_50 > 3, type: urn:smt:agent:refund, then: step_up }
          - { name: agents, when: total.agents_30 > 2, then: deny }
          - { name: refused, when: history.refused_40 > 3, then: kill }
          - { name: pattern, when: history.small_then_big && history.approved_20 == 0, then: step_up }
          - name: same
            type: urn:smt:agent:refund
            when: has(history.last_account) && history.last_account == 'R-000-0004' && total.approved_20 == 0
            then: deny
        """
            .formatted(AMOUNT, ACCOUNT);
    try {
      var folder = java.nio.file.Files.createTempDirectory("history-");
      return Policy.load(Refunds.write(folder, "policy.yaml", yaml), TYPES).document();
    } catch (java.io.IOException full) {
      throw new java.io.UncheckedIOException(full);
    }
  }

  /// Remembers every element of every request, and looks at all of them each time.
  private static final class Reference {
    private final List<Happened> all = new ArrayList<>();
    private final Map<String, Long> newest = new HashMap<>();

    /// @param counter the counter or step that took it in, and for whom
    /// @param at never before what that counter has already, as a clock may be set back
    record Happened(String counter, long at, int amount, String text) {}

    record Seen(Map<String, Object> before, Map<String, Object> totals, Outcome outcome) {}

    private List<Happened> within(String counter, long now, int window) {
      return all.stream()
          .filter(one -> one.counter.equals(counter) && one.at > now - window * 1000L)
          .toList();
    }

    private static long sum(List<Happened> happened) {
      return happened.stream().mapToLong(Happened::amount).sum();
    }

    private static Set<String> texts(List<Happened> happened) {
      var texts = new HashSet<String>();
      happened.forEach(one -> texts.add(one.text));
      return texts;
    }

    Seen decide(Step step, Stage stage, Instant time) {
      long now = time.toEpochMilli();
      String person = "okta|" + step.person;
      String actor = "agent-" + step.agent;
      var before = new HashMap<String, Object>();
      var totals = new HashMap<String, Object>();
      long amount = step.amounts.stream().mapToLong(Integer::longValue).sum();
      long big = step.amounts.stream().filter(one -> one > 30).count();

      long sum = sum(within("sum_60 " + person, now, 60));
      before.put("sum_60", sum);
      totals.put("sum_60", sum + amount);
      long bigs = within("big_90", now, 90).size();
      before.put("big_90", bigs);
      totals.put("big_90", bigs + big);
      Set<String> accounts = texts(within("accounts_50 " + person, now, 50));
      before.put("accounts_50", (long) accounts.size());
      accounts.add(account(step));
      totals.put("accounts_50", (long) accounts.size());
      Set<String> agents = texts(within("agents_30 " + person, now, 30));
      before.put("agents_30", (long) agents.size());
      if (stage == Stage.FIRST) {
        agents.add(actor);
      }
      totals.put("agents_30", (long) agents.size());
      long refused = within("refused_40 " + actor, now, 40).size();
      before.put("refused_40", refused);
      totals.put("refused_40", refused);
      long approved = within("approved_20 " + person, now, 20).size();
      long approvedWith = stage == Stage.APPROVED ? approved + step.amounts.size() : approved;
      before.put("approved_20", approved);
      totals.put("approved_20", approvedWith);
      List<Happened> last = within("last_account " + person, now, 45);
      String lastAccount = last.isEmpty() ? "" : last.getLast().text;
      if (!last.isEmpty()) {
        before.put("last_account", lastAccount);
      }
      boolean pattern = pattern(now, person);
      before.put("small_then_big", pattern);

      var outcomes = new ArrayList<Outcome>();
      if (sum + amount <= 150 && bigs + big < 8) {
        outcomes.add(Outcome.PERMIT);
      }
      if (accounts.size() > 3) {
        outcomes.add(Outcome.STEP_UP);
      }
      if (agents.size() > 2) {
        outcomes.add(Outcome.DENY);
      }
      if (refused > 3) {
        outcomes.add(Outcome.KILL);
      }
      if (pattern && approved == 0) {
        outcomes.add(Outcome.STEP_UP);
      }
      if (lastAccount.equals("R-000-0004") && approvedWith == 0) {
        outcomes.add(Outcome.DENY);
      }
      Outcome outcome = outcomes.stream().max(Outcome::compareTo).orElse(Outcome.DENY);
      return new Seen(before, totals, outcome);
    }

    /// Tries every pair of a completed first step and a second one.
    private boolean pattern(long now, String person) {
      List<Happened> small = within("small " + person, now, 1_000_000);
      for (Happened end : within("big " + person, now, 25)) {
        for (Happened first : small) {
          if (first.at < end.at && first.at >= end.at - 25_000) {
            var accounts = new HashSet<String>();
            for (Happened one : small) {
              if (one.at > first.at - 40_000 && one.at <= first.at) {
                accounts.add(one.text);
              }
            }
            if (accounts.size() >= 2) {
              return true;
            }
          }
        }
      }
      return false;
    }

    void remember(Step step, Stage stage, Outcome outcome, Instant time) {
      String person = "okta|" + step.person;
      String actor = "agent-" + step.agent;
      boolean isGranted =
          outcome == Outcome.PERMIT || (outcome == Outcome.STEP_UP && stage == Stage.APPROVED);
      for (int amount : step.amounts) {
        if (isGranted) {
          add("sum_60 " + person, time, amount, "");
          add("accounts_50 " + person, time, 1, account(step));
          add("last_account " + person, time, 1, account(step));
          if (amount > 30) {
            add("big_90", time, 1, "");
            add("big " + person, time, 1, "");
          } else {
            add("small " + person, time, 1, account(step));
          }
        }
        if (isGranted && stage == Stage.APPROVED) {
          add("approved_20 " + person, time, 1, "");
        }
        if (outcome.compareTo(Outcome.DENY) >= 0) {
          add("refused_40 " + actor, time, 1, "");
        }
        if (stage == Stage.FIRST) {
          add("agents_30 " + person, time, 1, actor);
        }
      }
    }

    private void add(String counter, Instant time, int amount, String text) {
      long at = Math.max(time.toEpochMilli(), newest.getOrDefault(counter, Long.MIN_VALUE));
      newest.put(counter, at);
      all.add(new Happened(counter, at, amount, text));
    }
  }

  @Property(tries = 60)
  void aSumOfMoreThanItKeepsExactlyIsNeverLessThanTheTruthAndLittleMore(
      @ForAll("gaps") List<Integer> gaps) {
    long window = Duration.ofMinutes(10).toMillis();
    Track track = Track.empty(Track.Kind.AMOUNTS, window);
    var all = new ArrayList<long[]>();
    long now = START.toEpochMilli();
    for (int gap : gaps) {
      now += gap;
      track = track.plus(now, gap + 1, "");
      all.add(new long[] {now, gap + 1});
      long exact = 0;
      long more = 0;
      for (long[] one : all) {
        exact += one[0] > now - window ? one[1] : 0;
        more += one[0] > now - window - window / 64 - 1 ? one[1] : 0;
      }
      assertThat(track.sum(now)).isBetween(exact, more);
      assertThat(track.entries().size()).isLessThan(300);
    }
  }

  @Provide
  Arbitrary<List<Integer>> gaps() {
    return Arbitraries.integers().between(0, 3_000).list().ofMinSize(200).ofMaxSize(700);
  }
}
