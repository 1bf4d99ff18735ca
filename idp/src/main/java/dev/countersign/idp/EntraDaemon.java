package dev.countersign.idp;

import dev.countersign.protocol.Secret;
import java.util.Set;

/// An application that acts as itself at Microsoft Graph with client credentials, such as the one
/// that revokes sessions.
///
/// @param clientId the application id, a GUID
/// @param objectId the id of its service principal, a GUID: `oid` and `sub` of its tokens
/// @param graphRoles consented application permissions, such as `User.RevokeSessions.All`
public record EntraDaemon(String clientId, Secret secret, String objectId, Set<String> graphRoles) {

  public EntraDaemon {
    graphRoles = Set.copyOf(graphRoles);
    if (secret.reveal().length() < 16) {
      throw new IllegalArgumentException("a client secret needs at least 16 characters");
    }
  }
}
