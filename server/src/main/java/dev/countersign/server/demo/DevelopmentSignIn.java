package dev.countersign.server.demo;

import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.server.config.Installation;
import java.util.Optional;
import java.util.stream.Stream;

/// Signs people of the refunds example in at the identity providers for development.
public final class DevelopmentSignIn {
  private DevelopmentSignIn() {}

  /// The person's access token, or empty if nobody of the example has that name.
  ///
  /// @param username such as `maya@contoso.example`
  public static Optional<Secret> bearer(Installation installation, String username) {
    return Stream.of(Performance.entra(installation), Performance.okta(installation))
        .filter(cast ->
            cast.high().username().equals(username) || cast.low().username().equals(username))
        .findFirst()
        .map(cast -> bearer(cast, username));
  }

  /// The access token of any person whom the development provider of an anchor knows.
  ///
  /// @throws IllegalStateException if the provider does not let them in
  public static Secret anyone(Installation installation, String anchor, String username) {
    return bearer(cast(installation, anchor), username);
  }

  /// The password of everybody whom the development provider of an anchor knows.
  public static Secret password(Installation installation, String anchor) {
    return cast(installation, anchor).password();
  }

  private static Cast cast(Installation installation, String anchor) {
    return anchor.equals("okta") ? Performance.okta(installation) : Performance.entra(installation);
  }

  private static Secret bearer(Cast cast, String username) {
    return new SignIn(cast.issuer(), cast.clientId(), Story.REDIRECT, cast.scope())
        .with(new Browser(), new WireClient(), username, cast.password())
        .accessToken();
  }
}
