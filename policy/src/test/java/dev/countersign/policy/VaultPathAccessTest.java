package dev.countersign.policy;

import static dev.countersign.policy.Refunds.details;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.protocol.WireException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The built-in type of Vault's clients, in both shapes that were published.
class VaultPathAccessTest {
  private static final String TODAY =
      """
      {"type":"vault:path_access","path":"verify-rar/creds/records","capabilities":["update"],\
      "allowed_parameters":{},"denied_parameters":{"x":["1"]},"required_parameters":["y"]}\
      """;
  private static final String EARLIER =
      """
      {"type":"vault:path_access","path_constraint":"verify-rar/creds/records","action":"update"}\
      """;

  @ParameterizedTest
  @ValueSource(strings = {TODAY, EARLIER})
  void acceptsBothShapes(String element) {
    assertThatCode(() -> Refunds.TYPES.check(details(element))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"vault:path_access\"}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\"}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"capabilities\":[]}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"capabilities\":[\"root\"]}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"capabilities\":[\"read\",\"read\"]}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/*\",\"capabilities\":[\"read\"]}",
        "{\"type\":\"vault:path_access\",\"path\":\"/a\",\"capabilities\":[\"read\"]}",
        "{\"type\":\"vault:path_access\",\"path\":\"a//b\",\"capabilities\":[\"read\"]}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/../b\",\"capabilities\":[\"read\"]}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"capabilities\":\"read\"}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"action\":\"read\"}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"capabilities\":[\"read\"],\"action\":\"read\"}",
        "{\"type\":\"vault:path_access\",\"path_constraint\":\"a/b\",\"action\":\"root\"}",
        "{\"type\":\"vault:path_access\",\"path\":\"a/b\",\"capabilities\":[\"read\"],\"allowed_parameters\":{\"x\":1}}",
      })
  void refusesEverythingElse(String element) {
    assertThatThrownBy(() -> Refunds.TYPES.check(details(element)))
        .isInstanceOf(WireException.class);
  }

  @Test
  void isDeniedWhereNoRuleSpeaksAboutIt() {
    Decision decision = Refunds.POLICY.decide(Refunds.ask(TODAY));

    assertThat(decision).isInstanceOf(Decision.Deny.class);
    assertThat(decision.reason()).isEqualTo("no rule permits this");
  }

  @Test
  void readsTheSameInBothShapes() {
    assertThat(Refunds.TYPES.sentence(details(TODAY).elements().getFirst()))
        .isEqualTo("Use the Vault path verify-rar/creds/records for update")
        .isEqualTo(Refunds.TYPES.sentence(details(EARLIER).elements().getFirst()));
  }
}
