package dev.countersign.server.config;

import dev.countersign.protocol.Secret;
import java.time.Duration;
import java.util.Optional;

/// The test tenant that `countersign prove` attacks in.
///
/// @param client the client that attacks; the role names it as presenter
/// @param outsider another client, which only `otherRole` names
/// @param role the broker's role for the test table
/// @param otherRole a role of another audience and a life of seconds
/// @param anchor where the test person signs in
/// @param person a person of the development providers; empty where a bearer is given
/// @param secondPerson another one, whose approvals are guessed at; may be empty
/// @param bearer an access token of the test person
/// @param tool one of the gateway's tools that reads and needs no arguments; may be empty
/// @param killGoal within which a kill must have reached every place
public record ProveSettings(
    String client,
    String outsider,
    String role,
    String otherRole,
    String anchor,
    String person,
    String secondPerson,
    Optional<Secret> bearer,
    String tool,
    Duration killGoal) {}
