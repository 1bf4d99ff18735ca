package dev.countersign.sts;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.StrictJson;
import dev.countersign.sts.World.Answer;
import dev.countersign.sts.World.Person;
import dev.countersign.sts.box.StsBox;
import java.sql.ResultSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The attribute store over the wire: who may write what, what policy then sees, what is written
/// down, and that one person is one index look-up.
class AttributeAdminTest {
  private static final World WORLD = new World();

  @AfterAll
  static void close() {
    WORLD.close();
  }

  @Test
  void whatAWorkloadWritesCountsAtTheNextExchange() {
    String oid = "oid-" + ForeignIssuer.id();
    String key = "entra|" + oid;
    assertThat(exchange(oid).status()).isEqualTo(400);

    assertThat(put(key, "refund_limit", "{\"value\":5000}", "hr").status()).isEqualTo(204);

    assertThat(exchange(oid).status()).isEqualTo(200);
    Answer shown = call("GET", path(key), null, "hr");
    assertThat(shown.json().path("attributes").path("refund_limit"))
        .isEqualTo(
            StrictJson.parse("{\"source\":\"hr\",\"at\":\"" + World.NOON + "\",\"value\":5000}"));

    assertThat(call("DELETE", path(key) + "/refund_limit", null, "hr").status()).isEqualTo(204);
    assertThat(exchange(oid).status()).isEqualTo(400);
    assertThat(call("GET", path(key) + "/refund_limit", null, "hr").status()).isEqualTo(404);
  }

  @Test
  void everyWriteIsInTheLedgerWithoutItsValue() {
    Person person = WORLD.person();

    put(person.key(), "refund_limit", "{\"value\":424242}", "hr");

    LedgerEntry entry = WORLD.entries(LedgerEvent.ATTRIBUTES_WRITTEN, person.key()).getLast();
    assertThat(entry.data().toString()).contains("\"hr\"", "refund_limit").doesNotContain("424242");
  }

  @Test
  void L02_nobodyElseWritesAndEachTryIsInTheLedger() {
    Person person = WORLD.person();
    List<Answer> answers =
        List.of(
            WORLD.send(
                "PUT",
                path(person.key()) + "/refund_limit",
                "{\"value\":1}",
                "Content-Type",
                "application/json"),
            put(person.key(), "refund_limit", "{\"value\":1}", "receiver"),
            WORLD.send(
                "PUT",
                path(person.key()) + "/refund_limit",
                "{\"value\":1}",
                "Content-Type",
                "application/json",
                "Authorization",
                "Bearer " + WORLD.token(person)));

    assertThat(answers).allMatch(answer -> answer.status() == 401);
    assertThat(WORLD.ledger.subList(WORLD.ledger.size() - 3, WORLD.ledger.size()))
        .allMatch(entry -> entry.event() == LedgerEvent.ATTRIBUTES_REFUSED);
    assertThat(store().all(person.key())).isEmpty();
  }

  @Test
  void F10_aWorkloadWritesOnlyItsOwnAttributes() {
    Person person = WORLD.person();

    Answer answer = put(person.key(), "clearance", "{\"value\":\"top\"}", "hr");

    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.text("error_description")).contains("may write");
    assertThat(store().all(person.key())).isEmpty();
  }

  @Test
  void L02_anAssertionServesOnce() {
    Person person = WORLD.person();
    String assertion = assertion(WORLD.hrKey, "hr");

    assertThat(get(person, assertion).status()).isEqualTo(200);
    assertThat(get(person, assertion).status()).isEqualTo(401);
  }

  @Test
  void inBulkAllIsWrittenOrNothing() {
    Person one = WORLD.person();
    Person two = WORLD.person();
    put(two.key(), "mail", "{\"value\":\"old@fabrikam.example\"}", "hr");

    Answer good =
        bulk(
            "{\"attributes\":["
                + change(one.key(), "refund_limit", "7000")
                + ","
                + change(two.key(), "mail", "null")
                + "]}");
    Answer bad =
        bulk(
            "{\"attributes\":["
                + change(one.key(), "refund_limit", "9999")
                + ","
                + change("nobody", "refund_limit", "1")
                + "]}");

    assertThat(good.json().path("changed").intValue()).isEqualTo(2);
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad.text("error_description")).startsWith("attributes[1]: subject");
    assertThat(store().all(one.key()).get("refund_limit"))
        .isNotNull()
        .satisfies(limit -> assertThat(limit.value().intValue()).isEqualTo(7000));
    assertThat(store().all(two.key())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"attributes\":[]}",
        "{\"attributes\":{}}",
        "{\"attributes\":[7]}",
        "{\"attributes\":[{\"subject\":\"okta|x\",\"name\":\"mail\"}]}",
        "{\"attributes\":[{\"subject\":\"okta|x\",\"name\":\"mail\",\"value\":1,\"tenant\":2}]}",
        "{\"attributes\":[{\"subject\":\"okta|x\",\"name\":\"mail\",\"value\":1,\"value\":2}]}",
        "{\"attributes\":[{\"subject\":\"okta|x\",\"name\":\"mail\",\"value\":1},"
            + "{\"subject\":\"okta|x\",\"name\":\"mail\",\"value\":2}]}"
      })
  void L02_refusesABulkThatCouldMeanTwoThings(String body) {
    assertThat(bulk(body).status()).isEqualTo(400);
    assertThat(store().all("okta|x")).isEmpty();
  }

  @Test
  void refusesAValueThatIsTooLongOrMissing() {
    Person person = WORLD.person();

    assertThat(put(person.key(), "mail", "{\"value\":\"" + "x".repeat(5000) + "\"}", "hr").status())
        .isEqualTo(400);
    assertThat(put(person.key(), "mail", "{\"value\":null}", "hr").status()).isEqualTo(400);
    assertThat(put(person.key(), "mail", "{}", "hr").status()).isEqualTo(400);
    assertThat(put("not-a-key", "mail", "{\"value\":1}", "hr").status()).isEqualTo(400);
  }

  @Test
  void K04_nothingIsWrittenThatIsNotInTheLedger() {
    Person person = WORLD.person();
    WORLD.ledgerIsAway = true;
    try {
      assertThat(put(person.key(), "mail", "{\"value\":1}", "hr").status()).isEqualTo(503);
    } finally {
      WORLD.ledgerIsAway = false;
    }

    assertThat(store().all(person.key())).isEmpty();
  }

  @Test
  void onePersonIsOneIndexLookUpHoweverManyThereAre() {
    List<String> plan =
        WORLD.database.transaction(connection -> {
          try (var statement = connection.createStatement()) {
            statement.execute(
                "INSERT INTO attribute SELECT 'okta|filler' || i, 'refund_limit', '1', 'import', now()"
                    + " FROM generate_series(1, 20000) AS i");
          }
          try (var statement =
                  connection.prepareStatement(
                      "EXPLAIN SELECT name, value, source, at FROM attribute"
                          + " WHERE subject = 'okta|filler777' AND name = ANY"
                          + " ('{refund_limit,mail}')");
              ResultSet rows = statement.executeQuery()) {
            var lines = new java.util.ArrayList<String>();
            while (rows.next()) {
              lines.add(rows.getString(1));
            }
            return lines;
          }
        });

    assertThat(plan).anyMatch(line -> line.contains("Index Scan using attribute_pkey"));
    assertThat(plan).noneMatch(line -> line.contains("Seq Scan"));
    assertThat(store().of("okta|filler777", Set.of("refund_limit", "mail")))
        .containsOnlyKeys("refund_limit");
  }

  private static AttributeStore store() {
    return StsBox.attributes(WORLD.database);
  }

  private static Answer exchange(String oid) {
    var form = WORLD.exchangeForm(WORLD.entra.sign(WORLD.entraClaims(oid)), World.refund(100));
    form.put("subject_token_type", World.ENTRA_TYPE);
    return WORLD.post(form);
  }

  private static String path(String key) {
    return "/admin/v1/people/" + World.encode(key) + "/attributes";
  }

  private static String change(String subject, String name, String value) {
    return "{\"subject\":\"" + subject + "\",\"name\":\"" + name + "\",\"value\":" + value + "}";
  }

  private static Answer put(String key, String name, String body, String by) {
    return call("PUT", path(key) + "/" + name, body, by);
  }

  private static Answer bulk(String body) {
    return call("POST", "/admin/v1/attributes", body, "hr");
  }

  private static Answer get(Person person, String assertion) {
    return WORLD.send("GET", path(person.key()), null, PresenterAssertion.HEADER, assertion);
  }

  private static Answer call(String method, String path, @Nullable String body, String by) {
    ECKey key = by.equals("hr") ? WORLD.hrKey : WORLD.receiverKey;
    return WORLD.send(
        method,
        path,
        body,
        PresenterAssertion.HEADER,
        assertion(key, by),
        "Content-Type",
        "application/json");
  }

  private static String assertion(ECKey key, String name) {
    return WORLD.seen(new PresenterAssertion.Maker(name, key, WORLD.clock).assertion(WORLD.issuer));
  }
}
