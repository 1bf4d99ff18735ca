package dev.countersign.gateway;

import dev.countersign.protocol.AuthorizationDetails;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.TypeVersions;

/// Who is behind a request, as their token proved it.
public sealed interface Caller {
  /// `anchor|stable id`, the key of a person everywhere.
  String subject();

  /// Who calls for the person: the program that signed them in, or the agent.
  String client();

  /// The token that was sent, as it was sent.
  Secret presented();

  /// A person, by the token of their identity provider.
  ///
  /// @param bearer what is exchanged; it goes to the STS and nowhere else
  record Person(Anchor anchor, String subject, String client, Secret bearer) implements Caller {
    @Override
    public Secret presented() {
      return bearer;
    }
  }

  /// An agent that acts for a person, by an on-behalf-of token of our STS (RFC 9068).
  ///
  /// @param actor the current actor (RFC 8693 §4.1), the agent
  /// @param jti the join key of the call that the token is for
  /// @param details what the token is for, exactly
  /// @param versions by which the details were decided
  /// @param token goes to the broker and nowhere else
  record Agent(
      String subject,
      String actor,
      String jti,
      AuthorizationDetails details,
      TypeVersions versions,
      Secret token)
      implements Caller {
    @Override
    public String client() {
      return actor;
    }

    @Override
    public Secret presented() {
      return token;
    }
  }
}
