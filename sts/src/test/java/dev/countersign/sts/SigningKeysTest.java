package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.countersign.box.Database;
import dev.countersign.protocol.JwtCheck;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.JwtVerifier;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.keys.KeySettings;
import dev.countersign.sts.keys.MasterKey;
import dev.countersign.sts.keys.SigningKey;
import dev.countersign.sts.keys.SigningKeys;
import dev.countersign.sts.postgres.PgKeyStore;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Our signing keys: made, sealed, replaced with overlap, the same at every replica.
class SigningKeysTest {
  private static final List<Database> OPEN = new ArrayList<>();
  private final AtomicReference<Instant> now = new AtomicReference<>(World.NOON);
  private final Database database = database();
  private final PgKeyStore store = new PgKeyStore(database, World.MASTER);

  @AfterAll
  static void close() {
    OPEN.forEach(Database::close);
  }

  private static Database database() {
    Database opened = Database.open("keys", World.settings(), 4);
    OPEN.add(opened);
    return opened;
  }

  @Test
  void theFirstStartMakesAKeyForEveryAlgorithmThatIsNeeded() {
    SigningKeys keys = keys(Map.of("https://old.example", "RS256", "https://new.example", "EdDSA"));

    assertThat(algorithms(keys)).containsExactlyInAnyOrder("ES256", "RS256", "EdDSA");
    assertThat(keys.signerFor("https://old.example").algorithm()).isEqualTo("RS256");
    assertThat(keys.signerFor("https://new.example").algorithm()).isEqualTo("EdDSA");
    assertThat(keys.signerFor("https://any.example").algorithm()).isEqualTo("ES256");
    assertThat(keys.published())
        .allSatisfy(key -> assertThat(key.isPrivate()).isFalse())
        .allSatisfy(key -> assertThat(key.getAlgorithm()).isNotNull());
  }

  @Test
  void everyAlgorithmVerifiesWithWhatIsPublished() {
    SigningKeys keys = keys(Map.of("r", "RS256", "p", "PS256", "e", "EdDSA", "s", "ES256"));
    for (String audience : List.of("r", "p", "e", "s")) {
      String token =
          keys.signerFor(audience)
              .sign(
                  "at+jwt",
                  StrictJson.object()
                      .put("iss", "i")
                      .put("aud", audience)
                      .put("exp", World.NOON.getEpochSecond() + 60));

      assertThat(
              new JwtVerifier(JwtRules.own("i", audience, "at+jwt"), keys, now::get).verify(token))
          .isInstanceOf(JwtCheck.Verified.class);
    }
  }

  @Test
  void replicasThatStartAtTheSameMomentAgreeOnOneKey() throws Exception {
    var ids = new HashSet<String>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var starts = new ArrayList<Future<String>>();
      for (int i = 0; i < 4; i++) {
        starts.add(threads.submit(() -> keys(Map.of()).signer().keyId()));
      }
      for (Future<String> start : starts) {
        ids.add(start.get());
      }
    }

    assertThat(ids).hasSize(1);
  }

  @Test
  void L05_aNewKeyIsPublishedBeforeItSignsAndTheOldOneStaysUntilItsTokensAreOver() {
    SigningKeys keys = keys(Map.of());
    SigningKeys replica = keys(Map.of());
    String first = keys.signer().keyId();

    tick(Duration.ofDays(30).minus(Duration.ofHours(1)));
    keys.maintain();
    replica.maintain();

    assertThat(keys.published()).hasSize(2);
    assertThat(replica.published()).hasSize(2);
    assertThat(keys.signer().keyId()).isEqualTo(first);
    tick(Duration.ofHours(1));
    String second = keys.signer().keyId();
    assertThat(second).isNotEqualTo(first);
    assertThat(replica.signer().keyId()).isEqualTo(second);
    assertThat(ids(keys)).contains(first);
    tick(Duration.ofHours(1).plus(Duration.ofMinutes(10)));
    keys.maintain();
    assertThat(ids(keys)).containsExactly(second);
  }

  @Test
  void aRotationByHandOverlapsToo() {
    SigningKeys keys = keys(Map.of());
    String first = keys.signer().keyId();

    assertThat(keys.rotate("ES256")).isTrue();

    assertThat(keys.signer().keyId()).isEqualTo(first);
    assertThat(keys.published()).hasSize(2);
    tick(Duration.ofHours(1));
    assertThat(keys.signer().keyId()).isNotEqualTo(first);
  }

  @Test
  void L04_aCompromisedKeyIsGoneAtOnce() {
    SigningKeys keys = keys(Map.of());
    SigningKeys replica = keys(Map.of());
    String first = keys.signer().keyId();

    assertThat(keys.replaceCompromised("ES256")).isTrue();

    assertThat(ids(keys)).doesNotContain(first).hasSize(1);
    assertThat(keys.signer().keyId()).isNotEqualTo(first);
    replica.maintain();
    assertThat(ids(replica)).isEqualTo(ids(keys));
    assertThat(column("sealed IS NULL", first)).isEqualTo("true");
  }

  @Test
  void aReplicaFindsAKeyThatAnotherMadeByItsId() {
    SigningKeys keys = keys(Map.of());
    SigningKeys replica = keys(Map.of());
    keys.replaceCompromised("ES256");
    String fresh = keys.signer().keyId();

    assertThat(replica.keys(fresh).has(fresh)).isTrue();
  }

  @Test
  void L04_privateKeysAreSealedAtRest() {
    SigningKey key = store(keys(Map.of()));

    String row = column("signing_key::text", key.id());
    assertThat(row)
        .contains(key.id())
        .doesNotContain(String.valueOf(key.reveal().toECKey().getD()));
    assertThat(key).hasToString("SigningKey[" + key.id() + "]");
  }

  @Test
  void anotherEncryptionKeyOpensNothingAndSaysSo() {
    keys(Map.of());
    var other =
        new PgKeyStore(
            database, new MasterKey(new Secret("another master key, of 32 and more characters")));

    assertThatIllegalStateException()
        .isThrownBy(() -> other.published(World.NOON))
        .withMessageContaining("sts.keys.encryption-key");
  }

  @Test
  void aSealOpensForItsPurposeOnly() {
    String sealed = World.MASTER.seal("one", new Secret("text"));

    assertThat(World.MASTER.open("one", sealed).orElseThrow().reveal()).isEqualTo("text");
    assertThat(World.MASTER.open("two", sealed)).isEmpty();
    assertThat(World.MASTER.open("one", "AAAA")).isEmpty();
    assertThatIllegalArgumentException().isThrownBy(() -> new MasterKey(new Secret("short")));
  }

  @Test
  void settingsThatWouldSignBeforeOthersKnowAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            new KeySettings(
                World.MASTER, Duration.ofDays(1), Duration.ofMinutes(1), "none", Map.of()))
        .withMessageContaining("publish-ahead")
        .withMessageContaining("algorithm");
  }

  private SigningKeys keys(Map<String, String> algorithms) {
    return new SigningKeys(
        store,
        new KeySettings(
            World.MASTER, Duration.ofDays(30), Duration.ofHours(1), "ES256", algorithms),
        now::get);
  }

  private static SigningKey store(SigningKeys keys) {
    return keys.all().getFirst();
  }

  private void tick(Duration time) {
    now.updateAndGet(instant -> instant.plus(time));
  }

  private String column(String what, String kid) {
    return database.query(connection -> {
      try (var statement =
          connection.prepareStatement(
              "SELECT (" + what + ")::text FROM signing_key WHERE kid = ?")) {
        statement.setString(1, kid);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          return row.getString(1);
        }
      }
    });
  }

  private static List<String> ids(SigningKeys keys) {
    return keys.published().stream().map(key -> key.getKeyID()).toList();
  }

  private static List<String> algorithms(SigningKeys keys) {
    return keys.published().stream().map(key -> key.getAlgorithm().getName()).toList();
  }
}
