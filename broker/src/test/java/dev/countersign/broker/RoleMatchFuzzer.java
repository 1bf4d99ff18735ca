package dev.countersign.broker;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.TypeVersions;
import dev.countersign.protocol.WireException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Any authorization details against a role: never a fault, and matched only what a second, plainer
/// reading of the same rules lets through too.
public final class RoleMatchFuzzer {
  private static final String TYPE = "urn:smt:agent:refund";
  private static final String ACTION = "process_refund";
  private static final String PATH = "verify-rar/creds/refunds";
  private static final BigDecimal MOST = BigDecimal.valueOf(50_000);

  private static final BrokerConfig.Role ROLE =
      new BrokerConfig.Role(
          "refunds",
          "refunds",
          "http://gateway",
          Set.of("gateway"),
          Duration.ofMinutes(5),
          List.of(
              RoleMapping.of(
                  TYPE + "|" + ACTION,
                  List.of(new SqlName("refunds_write")),
                  new Constraints(
                      List.of(
                          Constraint.of(
                              "operationDetails.instructedAmount.amount",
                              new Constraint.Test.Range(
                                  Optional.of(BigInteger.ONE),
                                  Optional.of(MOST.toBigIntegerExact()))),
                          Constraint.of(
                              "operationDetails.creditorAccount.identification",
                              Constraint.Test.Matching.of("R-[0-9]{3}-[0-9]{4}"))),
                      Optional.of(CelCondition.of("request.type.startsWith('urn:')")),
                      false),
                  Optional.empty())));

  private RoleMatchFuzzer() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    AuthorizationDetails details;
    try {
      details = AuthorizationDetails.parse(data.consumeRemainingAsString());
    } catch (WireException malformed) {
      return;
    }
    RoleMatch match =
        RoleMatch.of(
            ROLE,
            Optional.empty(),
            details,
            TypeVersions.FIRST_OF_ALL,
            PATH,
            "update",
            Set.of("claims"));
    if (match instanceof RoleMatch.Matched matched) {
      check(details, matched);
    }
  }

  private static void check(AuthorizationDetails details, RoleMatch.Matched matched) {
    int requests = 0;
    for (AuthorizationDetails.Element element : details.elements()) {
      if (element.type().equals("vault:path_access")) {
        checkPath(element.json());
      } else {
        requests++;
        checkRefund(element.json());
      }
    }
    if (requests == 0 || matched.grant().requests().size() != requests) {
      throw new AssertionError("matched something else than what was asked for");
    }
  }

  private static void checkRefund(ObjectNode json) {
    JsonNode details = json.path("operationDetails");
    String amount = details.path("instructedAmount").path("amount").toString();
    String account = details.path("creditorAccount").path("identification").asString("");
    boolean isRight =
        json.path("type").asString("").equals(TYPE)
            && details.path("action").asString("").equals(ACTION)
            && amount.matches("[0-9]{1,5}")
            && new BigDecimal(amount).signum() > 0
            && new BigDecimal(amount).compareTo(MOST) <= 0
            && account.length() == 10
            && account.matches("R-[0-9]{3}-[0-9]{4}");
    if (!isRight) {
      throw new AssertionError("matched what the role does not map");
    }
  }

  private static void checkPath(ObjectNode json) {
    if (json.path("capabilities").toString().contains("\"deny\"")
        && json.path("path").asString("").equals(PATH)) {
      throw new AssertionError("matched a path that is denied");
    }
  }
}
