package dev.countersign.policy;

import static dev.countersign.policy.Factor.EMAILOTP;
import static dev.countersign.policy.Factor.IDP;
import static dev.countersign.policy.Factor.PASSKEY;
import static dev.countersign.policy.Factor.SMSOTP;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// What two rules that both ask for a step-up demand together.
class StepUpOptionsTest {
  private static final Duration SHORT = Duration.ofSeconds(30);
  private static final Duration LONG = Duration.ofMinutes(5);

  private static final Approvers LEADS =
      new Approvers(Set.of(), Set.of("okta|refund-leads"), Set.of());
  private static final Approvers BOARD = new Approvers(Set.of("okta|00u1"), Set.of(), Set.of());

  static final List<Row> TABLE =
      List.of(
          new Row("any and any", any(), any(), Optional.of(any())),
          new Row("any and one", any(), of(IDP), Optional.of(of(IDP))),
          new Row("the same", of(IDP), of(IDP), Optional.of(of(IDP))),
          new Row("one in common", of(IDP, PASSKEY), of(SMSOTP, IDP), Optional.of(of(IDP))),
          new Row(
              "the order of the first rule",
              of(PASSKEY, IDP, EMAILOTP),
              of(EMAILOTP, PASSKEY),
              Optional.of(of(PASSKEY, EMAILOTP))),
          new Row("nothing in common", of(IDP), of(EMAILOTP, SMSOTP), Optional.empty()),
          new Row(
              "the shorter answer", in(LONG, null), in(SHORT, null), Optional.of(in(SHORT, null))),
          new Row("the shorter use", in(null, SHORT), in(null, LONG), Optional.of(in(null, SHORT))),
          new Row("somebody else and the person", by(LEADS), any(), Optional.of(by(LEADS))),
          new Row(
              "somebody who is among both", by(LEADS), by(BOARD), Optional.of(by(LEADS, BOARD))),
          new Row("the same people", by(LEADS), by(LEADS), Optional.of(by(LEADS))),
          new Row(
              "each of its own", in(SHORT, null), in(null, LONG), Optional.of(in(SHORT, LONG))));

  private static StepUpOptions any() {
    return StepUpOptions.ANY;
  }

  private static StepUpOptions of(Factor... factors) {
    return new StepUpOptions(List.of(factors), null, null);
  }

  private static StepUpOptions by(Approvers... approvers) {
    return new StepUpOptions(List.of(), null, null, List.of(approvers));
  }

  private static StepUpOptions in(@Nullable Duration answer, @Nullable Duration use) {
    return new StepUpOptions(List.of(), answer, use);
  }

  @ParameterizedTest(name = "{0}")
  @FieldSource("TABLE")
  void demandsWhatBothDemand(Row row) {
    assertThat(row.one.and(row.other)).isEqualTo(row.both);
    assertThat(row.other.and(row.one).map(both -> List.copyOf(both.factors()).size()))
        .isEqualTo(row.both.map(both -> both.factors().size()));
  }

  @Test
  void G09_aGroupOfAnotherIdentityProviderIsAnotherGroup() {
    assertThat(LEADS.contains(Set.of("group okta|refund-leads"))).isTrue();
    assertThat(LEADS.contains(Set.of("group entra|refund-leads"))).isFalse();
    assertThat(LEADS.contains(Set.of("role okta|refund-leads"))).isFalse();
    assertThat(BOARD.contains(Set.of("person okta|00u1", "group okta|x"))).isTrue();
    assertThat(BOARD.contains(Set.of("person entra|00u1"))).isFalse();
    assertThat(BOARD.contains(Set.of())).isFalse();
  }

  record Row(String name, StepUpOptions one, StepUpOptions other, Optional<StepUpOptions> both) {
    @Override
    public String toString() {
      return name;
    }
  }
}
