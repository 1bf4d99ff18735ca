package dev.countersign.server.demo;

import dev.countersign.protocol.Secret;
import dev.countersign.server.House;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.Anchor;
import java.io.PrintStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;

/// The whole demonstration: the story with the Entra-shaped provider, then with the Okta-shaped
/// one.
public final class Performance {
  private final House house;
  private final Stage stage;
  private final InstantSource clock;

  public Performance(House house, PrintStream out, boolean colour, InstantSource clock) {
    this.house = house;
    this.stage = new Stage(out, colour);
    this.clock = clock;
  }

  /// Plays it and tells how many steps had another outcome than expected.
  public int play() {
    Instant start = clock.instant();
    for (Cast cast : List.of(entra(house), okta(house))) {
      try {
        new Story(house, cast, stage, clock).play();
      } catch (RuntimeException broken) {
        stage.wrong("demo", "the story broke off: " + broken.getMessage());
      }
    }
    leftovers();
    stage.line("");
    double seconds = Duration.between(start, clock.instant()).toMillis() / 1000.0;
    stage.line(
        String.format(
            Locale.ROOT,
            "%d steps in %.1f s, %s.",
            stage.steps(),
            seconds,
            stage.unexpected() == 0
                ? "every one with its expected outcome"
                : stage.unexpected() + " NOT as expected"));
    return stage.unexpected();
  }

  private void leftovers() {
    stage.chapter("Afterwards");
    house
        .broker()
        .ifPresent(broker -> {
          int orphans = broker.sweeper().orphans();
          String left = orphans + " logins are left over in the business database";
          stage.check(orphans == 0, false, "broker", left);
        });
    List<String> breaks = house.ledger().breaks();
    stage.check(
        breaks.isEmpty(),
        false,
        "ledger",
        breaks.isEmpty()
            ? "every hash follows from the entry before it"
            : String.join("; ", breaks));
  }

  static Cast entra(House house) {
    return entra(house.installation());
  }

  static Cast entra(Installation installation) {
    return cast(
        installation,
        "Entra ID (stand-in)",
        "entra",
        "openid profile email offline_access api://refunds/access",
        "Graph revokeSignInSessions",
        new Cast.Someone("Tomas Berg", "tomas@contoso.example", "tomas@contoso.example"),
        new Cast.Someone("Maya Lindqvist", "maya@contoso.example", "maya@contoso.example"),
        new Cast.Cases("R-884-2233", "R-884-2234", "R-884-2235"));
  }

  static Cast okta(House house) {
    return okta(house.installation());
  }

  static Cast okta(Installation installation) {
    return cast(
        installation,
        "Okta (stand-in)",
        "okta",
        "openid profile email offline_access refunds",
        "DELETE /api/v1/users/{id}/sessions",
        new Cast.Someone("Omar Haddad", "omar@fabrikam.example", "omar@fabrikam.example"),
        new Cast.Someone("Lena Okafor", "lena@fabrikam.example", "lena@fabrikam.example"),
        new Cast.Cases("R-885-0002", "R-885-0001", "R-885-0003"));
  }

  private static Cast cast(
      Installation installation,
      String provider,
      String name,
      String scope,
      String revocation,
      Cast.Someone high,
      Cast.Someone low,
      Cast.Cases cases) {
    Anchor anchor =
        installation.sts().anchors().stream()
            .filter(candidate -> candidate.name().equals(name))
            .findFirst()
            .orElseThrow();
    String clientId =
        name.equals("entra")
            ? installation.development().entra().orElseThrow().clients().getFirst().id()
            : installation.development().okta().orElseThrow().clients().getFirst().id();
    Secret password =
        name.equals("entra")
            ? installation.development().entra().orElseThrow().people().getFirst().password()
            : installation.development().okta().orElseThrow().people().getFirst().password();
    return new Cast(
        provider,
        name,
        anchor.tokenType(),
        URI.create(anchor.issuer()),
        clientId,
        scope,
        revocation,
        high,
        low,
        password,
        cases);
  }
}
