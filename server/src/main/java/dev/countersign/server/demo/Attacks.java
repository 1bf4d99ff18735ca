package dev.countersign.server.demo;

import dev.countersign.agent.CallOutcome;
import dev.countersign.agent.McpClient;
import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.House;
import dev.countersign.server.prove.Workload;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.InstantSource;
import tools.jackson.databind.node.ObjectNode;

/// What somebody with a valid bearer, a compromised MCP server, a stolen on-behalf-of token or a
/// stolen database login still cannot do.
final class Attacks {
  private static final String ROLE = "refunds";
  private static final String SCOPE = "refund:write";
  private static final int EIGHTY = 8_000;
  private static final String REFUND =
      "INSERT INTO refunds.refunds (case_id, amount, currency) VALUES (?, ?, 'USD')";

  private final House house;
  private final Cast cast;
  private final Stage stage;
  private final Workload attacker;

  Attacks(House house, Cast cast, Stage stage, InstantSource clock, WireClient wire) {
    this.house = house;
    this.cast = cast;
    this.stage = stage;
    this.attacker =
        new Workload(
            wire,
            house.installation().keys().own("gateway"),
            house.installation().sts().issuer(),
            house.installation().broker().orElseThrow().baseUri(),
            clock);
  }

  /// Forged tokens at three boxes: the gateway, the STS and the broker each check for themselves.
  void forgedTokens(Secret bearer, McpClient agent) {
    stage.scene("A forged request tries three boxes: each checks the signature for itself.");
    Secret forgedBearer = Workload.forged(bearer, claims -> claims.put("refund_limit", 99_999_999));
    CallOutcome atGateway = agent.callTool(forgedBearer, "list_cases", StrictJson.object());
    stage.check(
        atGateway instanceof CallOutcome.SignInRequired,
        true,
        "gateway",
        "refused the person's token with a changed refund limit: 401");

    var atSts = attacker.exchange(forgedBearer, cast.tokenType(), SCOPE, refund(EIGHTY));
    stage.check(atSts.status() == 400, true, "sts", "refused the same forged token: " + why(atSts));

    var exchanged = attacker.exchange(bearer, cast.tokenType(), SCOPE, refund(EIGHTY));
    Secret obo = token(exchanged);
    Secret wider =
        Workload.forged(
            obo,
            claims ->
                ((ObjectNode)
                        claims.at("/authorization_details/0/operationDetails/instructedAmount"))
                    .put("amount", 800_000));
    var atBroker = attacker.mint(wider, ROLE);
    stage.check(
        atBroker.status() == 403,
        true,
        "broker",
        "refused a genuine on-behalf-of token widened to 8,000.00: " + why(atBroker));
  }

  /// An approval that a person gave for one request, presented with another.
  void otherRequestOnAnApproval(Secret bearer, Approving approving) {
    stage.scene(
        "A compromised MCP server wants 800.00 on an approval that a person gave for 80.00.");
    int mails = house.mailbox().orElseThrow().count();
    var asked = attacker.exchange(bearer, cast.tokenType(), SCOPE, refund(EIGHTY));
    ObjectNode challenge = StrictJson.parseObject(asked.body());
    if (!"mfa_challenge".equals(challenge.path("scope").asString(""))) {
      stage.wrong("sts", "asked for no approval: " + why(asked));
      return;
    }
    approving.approve(URI.create(challenge.path("approval_uri").stringValue()), mails);
    ObjectNode approved =
        attacker.approval(
            challenge.path("approval_id").stringValue(),
            new Secret(challenge.path("access_token").stringValue()));
    var assertion = new Secret(approved.path("assertion").asString(""));
    var wider = attacker.secondLeg(assertion, SCOPE, refund(10 * EIGHTY));
    stage.check(
        wider.status() == 400 && approved.has("assertion"),
        true,
        "sts",
        "refused the second leg with 800.00: " + why(wider));
  }

  /// A database login in the wrong hands.
  void stolenLogin(Secret bearer) {
    stage.scene("A stolen database login, minted for 80.00 on " + cast.cases().direct() + ".");
    Secret obo = token(attacker.exchange(bearer, cast.tokenType(), SCOPE, refund(EIGHTY)));
    var minted = attacker.mint(obo, ROLE);
    if (minted.status() != 200) {
      stage.wrong("broker", "minted no login: " + why(minted));
      return;
    }
    ObjectNode lease = StrictJson.parseObject(minted.body());
    String url = house.installation().gateway().databases().get("refunds");
    try (Connection thief =
        DriverManager.getConnection(
            url,
            lease.path("data").path("username").stringValue(),
            lease.path("data").path("password").stringValue())) {
      refusedBy(thief, cast.cases().direct(), EIGHTY + 100, "81.00 instead of 80.00");
      refusedBy(thief, cast.cases().stolen(), EIGHTY, "80.00 for another case");
      refusedQuery(thief, "SELECT count(*) FROM refunds.customers", "reading the customers");
      refusedQuery(thief, "CREATE TABLE loot (x int)", "making a table of its own");
      stage.check(
          insert(thief, cast.cases().direct(), EIGHTY).isEmpty(),
          false,
          "database",
          "allowed the one approved refund of 80.00");
      refusedBy(thief, cast.cases().direct(), EIGHTY, "the same refund a second time");
    } catch (SQLException failed) {
      stage.wrong("database", "did not let the login in: " + failed.getMessage());
    }
    var revoked = attacker.revoke(lease.path("lease_id").stringValue());
    stage.check(revoked.status() == 204, false, "broker", "dropped the login: 204");
    var again = attacker.mint(obo, ROLE);
    stage.check(
        again.status() == 403,
        true,
        "broker",
        "refused to mint from the same token again: " + why(again));
  }

  private void refusedBy(Connection thief, String caseId, int cents, String what) {
    String refusal = insert(thief, caseId, cents);
    stage.check(
        !refusal.isEmpty(), true, "database", "refused " + what + ": " + firstLine(refusal));
  }

  private void refusedQuery(Connection thief, String sql, String what) {
    String refusal = "";
    try (var statement = thief.createStatement()) {
      statement.execute(sql);
    } catch (SQLException refused) {
      refusal = String.valueOf(refused.getMessage());
    }
    stage.check(
        !refusal.isEmpty(), true, "database", "refused " + what + ": " + firstLine(refusal));
  }

  /// Tries a refund; returns the database's refusal, or nothing.
  private static String insert(Connection thief, String caseId, int cents) {
    try (PreparedStatement statement = thief.prepareStatement(REFUND)) {
      statement.setString(1, caseId);
      statement.setInt(2, cents);
      statement.executeUpdate();
      return "";
    } catch (SQLException refused) {
      return String.valueOf(refused.getMessage());
    }
  }

  private AuthorizationDetails refund(int cents) {
    return refund(cast.cases().direct(), cents);
  }

  private static AuthorizationDetails refund(String caseId, int cents) {
    var element = StrictJson.object().put("type", "urn:smt:agent:refund");
    var operation = element.putObject("operationDetails").put("action", "process_refund");
    operation.putObject("instructedAmount").put("currency", "USD").put("amount", cents);
    operation.putObject("creditorAccount").put("identification", caseId);
    return AuthorizationDetails.of(StrictJson.array().add(element));
  }

  private static Secret token(WireClient.Answer answer) {
    return new Secret(StrictJson.parseObject(answer.body()).path("access_token").asString(""));
  }

  private static String why(WireClient.Answer answer) {
    ObjectNode body = StrictJson.parseObject(answer.body());
    String text = body.path("error_description").asString("");
    if (text.isEmpty()) {
      text = body.path("errors").path(0).asString("");
    }
    return firstLine(text);
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }

  /// How a person's approval is played: read the mail, type its code on the page.
  interface Approving {
    void approve(URI page, int mailsBefore);
  }
}
