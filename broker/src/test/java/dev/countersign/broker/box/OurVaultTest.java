package dev.countersign.broker.box;

import dev.countersign.box.DatabaseSettings;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// Ours keeps the contract.
class OurVaultTest extends VaultContract {
  @SuppressWarnings("NullAway.Init")
  private static Refunds refunds;

  @BeforeAll
  static void start() {
    refunds = Refunds.started();
  }

  @AfterAll
  static void stop() {
    refunds.close();
  }

  @Override
  Place place() {
    return new Place() {
      @Override
      public URI address() {
        return refunds.broker().baseUri();
      }

      @Override
      public String role() {
        return "plain";
      }

      @Override
      public DatabaseSettings database() {
        return refunds.owner;
      }

      @Override
      public String jwt() {
        return refunds.token(Refunds.findCase(Refunds.CASE));
      }
    };
  }
}
