package dev.countersign.signals;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.StrictJson;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.node.ObjectNode;

/// Each type of event with the members that its standard demands, and without each of them.
class EventShapeTest {
  private static final Set<String> COMMON =
      Set.of("event_timestamp", "initiating_entity", "reason_admin", "reason_user");

  /// A type, a payload that is right, and changes that are wrong, each by the member it is about.
  static final List<Row> ROWS =
      List.of(
          new Row(
              "CA-02",
              EventTypes.TOKEN_CLAIMS_CHANGE,
              "{'claims':{'role':'clerk'}}",
              List.of("{}", "{'claims':{}}", "{'claims':'role'}")),
          new Row(
              "CA-03",
              EventTypes.CREDENTIAL_CHANGE,
              "{'credential_type':'fido2-roaming','change_type':'revoke','friendly_name':'key'}",
              List.of(
                  "{'change_type':'revoke'}",
                  "{'credential_type':'pin'}",
                  "{'credential_type':'pin','change_type':'lost'}",
                  "{'credential_type':1,'change_type':'revoke'}")),
          new Row(
              "CA-04",
              EventTypes.ASSURANCE_LEVEL_CHANGE,
              "{'namespace':'NIST-AAL','current_level':'nist-aal1','previous_level':'nist-aal2',"
                  + "'change_direction':'decrease'}",
              List.of(
                  "{'current_level':'nist-aal1'}",
                  "{'namespace':'NIST-AAL'}",
                  "{'namespace':'NIST-AAL','current_level':'1','change_direction':'down'}")),
          new Row(
              "CA-05",
              EventTypes.DEVICE_COMPLIANCE_CHANGE,
              "{'previous_status':'compliant','current_status':'not-compliant'}",
              List.of(
                  "{'current_status':'compliant'}",
                  "{'previous_status':'compliant'}",
                  "{'previous_status':'compliant','current_status':'bad'}")),
          new Row(
              "CA-08",
              EventTypes.RISK_LEVEL_CHANGE,
              "{'principal':'USER','current_level':'HIGH','previous_level':'LOW'}",
              List.of(
                  "{'current_level':'HIGH'}",
                  "{'principal':'USER'}",
                  "{'principal':'USER','current_level':'high'}",
                  "{'principal':'USER','current_level':'HIGH','previous_level':'NONE'}")),
          new Row(
              "RK-01",
              EventTypes.ACCOUNT_DISABLED,
              "{'reason':'hijacking'}",
              List.of("{'reason':'mood'}")),
          new Row(
              "RK-01",
              EventTypes.CREDENTIAL_COMPROMISE,
              "{'credential_type':'password'}",
              List.of("{}", "{'credential_type':''}")));

  @ParameterizedTest(name = "{0}")
  @FieldSource("ROWS")
  void CA02_CA03_CA04_CA05_CA08_RK01_anEventHasTheMembersOfItsTypeAndNoOthers(Row row) {
    EventShape shape = EventShape.of(row.type);

    assertThatCode(() -> shape.check(json(row.right), COMMON)).doesNotThrowAnyException();
    for (String wrong : row.wrong) {
      assertThatThrownBy(() -> shape.check(json(wrong), COMMON))
          .as(wrong)
          .isInstanceOf(MalformedEventException.class);
    }
    assertThatThrownBy(() -> shape.check(json(row.right).put("mood", "x"), COMMON))
        .isInstanceOf(MalformedEventException.class)
        .hasMessageContaining("mood");
  }

  @Test
  void RK02_theOlderNameOfRevokedSessionsIsNeverSent() {
    assertThat(EventTypes.SUPPORTED).doesNotContain(EventTypes.RISC_SESSIONS_REVOKED);
  }

  @Test
  void everyTypeThatMayBeSentHasARow() {
    Set<String> plain =
        Set.of(
            EventTypes.SESSION_REVOKED,
            EventTypes.ACCOUNT_ENABLED,
            EventTypes.ACCOUNT_PURGED,
            EventTypes.CREDENTIAL_CHANGE_REQUIRED);
    var left = new HashSet<>(EventTypes.SUPPORTED);
    left.removeAll(ROWS.stream().map(Row::type).collect(Collectors.toSet()));

    assertThat(left).isEqualTo(plain);
    for (String type : plain) {
      assertThatCode(() -> EventShape.of(type).check(json("{}"), COMMON))
          .doesNotThrowAnyException();
      assertThatThrownBy(() -> EventShape.of(type).check(json("{'claims':{}}"), COMMON))
          .isInstanceOf(MalformedEventException.class);
    }
  }

  private static ObjectNode json(String text) {
    return StrictJson.parseObject(text.replace('\'', '"'));
  }

  record Row(String id, String type, String right, List<String> wrong) {
    @Override
    public String toString() {
      return id + " " + type.substring(type.lastIndexOf('/') + 1);
    }
  }
}
