package dev.countersign.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.Listener;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.VerificationKeys;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BrokerConfigTest {
  private static final List<RoleMapping> MAPPINGS =
      List.of(
          RoleMapping.of(
              "urn:smt:agent:refund|process_refund", List.of(new SqlName("refunds_write"))));
  private static final BrokerConfig.Target TARGET =
      new BrokerConfig.Target(
          "refunds",
          new DatabaseSettings("jdbc:postgresql://127.0.0.1/refunds", "mint", new Secret("x")));

  private static BrokerConfig.Role role(String name, Duration timeToLive, String database) {
    return new BrokerConfig.Role(
        name, database, "http://gateway.example/mcp", Set.of("gateway"), timeToLive, MAPPINGS);
  }

  private static BrokerConfig config(String baseUri, BrokerConfig.Role... roles) {
    return new BrokerConfig(
        URI.create(baseUri),
        Listener.loopback(0),
        new BrokerConfig.TokenIssuer("http://sts.example", URI.create("http://sts.example/jwks")),
        List.of(TARGET),
        List.of(roles),
        Map.of("gateway", KeySource.of(VerificationKeys.of(List.of()))),
        "receiver");
  }

  @Test
  void letsALeaseLiveFiveMinutesAndNoSecondMore() {
    assertThat(role("a", Duration.ofMinutes(5), "refunds").timeToLive()).hasMinutes(5);
    assertThatThrownBy(() -> role("a", Duration.ofMinutes(5).plusNanos(1), "refunds"))
        .hasMessageContaining("at most 5 minutes");
    assertThatThrownBy(() -> role("a", Duration.ZERO, "refunds")).hasMessageContaining("over 0");
  }

  @Test
  void namesEveryProblemAtOnce() {
    var minute = Duration.ofMinutes(1);

    assertThatThrownBy(() ->
            config(
                "http://broker.example/path",
                role("a", minute, "refunds"),
                role("a", minute, "unknown")))
        .hasMessageContaining("scheme and authority only")
        .hasMessageContaining("role a occurs twice")
        .hasMessageContaining("a database that is not configured");
  }

  @Test
  void findsARoleByItsExactNameOnly() {
    BrokerConfig config =
        config("http://broker.example", role("a", Duration.ofMinutes(1), "refunds"));

    assertThat(config.role("a")).isPresent();
    assertThat(config.role("A")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "|", "type", "type|", "|action"})
  void refusesAMappingWithoutTypeOrAction(String key) {
    assertThatThrownBy(() -> RoleMapping.of(key, List.of(new SqlName("g"))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void doesNotPrintThePasswordOfADatabase() {
    assertThat(TARGET.toString()).contains("redacted");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://db.example/refunds",
        "jdbc:postgresql://db.example:5432/refunds?sslmode=prefer",
        "jdbc:postgresql://db.example/refunds?sslmode=disable&ApplicationName=x",
        "jdbc:postgresql://127.0.0.1.evil.example/refunds",
        "jdbc:postgresql://localhost.example/refunds",
        "jdbc:postgresql://127.0.0.1,db.example/refunds",
        "jdbc:postgresql://10.0.0.1/refunds?user=sslmode=require"
      })
  void L16_refusesAPlainConnectionToAnotherMachine(String url) {
    var login = new DatabaseSettings(url, "mint", new Secret("x"));

    assertThatThrownBy(() -> new BrokerConfig.Target("refunds", login))
        .hasMessageContaining("no TLS")
        .hasMessageContaining("sslmode=verify-full");
    assertThat(
            new BrokerConfig.Target(
                    "refunds", login, 1, Set.of(BrokerConfig.Allowance.PLAIN_CONNECTION))
                .name())
        .isEqualTo("refunds");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://127.0.0.1:5432/refunds",
        "jdbc:postgresql://localhost/refunds",
        "jdbc:postgresql://[::1]:5432/refunds",
        "jdbc:postgresql:refunds",
        "jdbc:postgresql://db.example/refunds?sslmode=verify-full",
        "jdbc:postgresql://db.example/refunds?ApplicationName=x&sslmode=require"
      })
  void takesALocalDatabaseOrOneWithTls(String url) {
    var login = new DatabaseSettings(url, "mint", new Secret("x"));

    assertThat(new BrokerConfig.Target("refunds", login).name()).isEqualTo("refunds");
  }
}
