package dev.countersign.server.prove;

import dev.countersign.protocol.Secret;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// The test tenant of an installation, as somebody outside of it sees it: addresses, workloads that
/// are in the attacker's hands, and a test person.
///
/// @param gateway the gateway's MCP resource
/// @param database the JDBC address of the test table's database
/// @param role the broker's role for the test table
/// @param otherRole a role of another audience, with logins that live for seconds
/// @param client presents at `role`
/// @param outsider presents at `otherRole` only, and gets tokens that live for a second
/// @param operator who may end sessions; empty where no key of one is here
/// @param bearer the test person's access token
/// @param person the test person's name where they sign in; empty where a bearer was given
/// @param secondPerson another one, whose approvals are guessed at; may be empty
/// @param secondBearer the second person's access token
/// @param approver who answers approvals; empty where nobody does
/// @param inside what is known where the data folder is
/// @param tool one of the gateway's tools that reads and needs no arguments
/// @param killGoal within which a kill must have reached every place
public record Tenant(
    URI sts,
    URI broker,
    URI gateway,
    URI transmitter,
    String database,
    String role,
    String otherRole,
    String audience,
    String otherAudience,
    String scope,
    String tokenType,
    Workload client,
    Workload outsider,
    Optional<Workload> operator,
    Secret bearer,
    String person,
    String secondPerson,
    Optional<Secret> secondBearer,
    Optional<Approver> approver,
    Optional<Inside> inside,
    String tool,
    Duration killGoal) {

  /// A token for a request, which policy must permit.
  ///
  /// @throws IllegalStateException if it does not
  public Secret obo(Writes asked) {
    return obo(asked, audience);
  }

  /// Likewise, for another audience than the role's.
  Secret obo(Writes asked, String audience) {
    return Answers.token(
        client.exchange(bearer, tokenType, scope, audience, asked.details().canonical()));
  }
}
