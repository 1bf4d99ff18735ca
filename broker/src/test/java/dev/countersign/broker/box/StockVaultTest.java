package dev.countersign.broker.box;

import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.StockVault;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/// A stock Vault keeps the contract that we hold ourselves to: OpenBao, or the one that
/// `VAULT_ADDR` and `VAULT_TOKEN` name.
@Tag("slow")
class StockVaultTest extends VaultContract {
  @SuppressWarnings("NullAway.Init")
  private static StockVault vault;

  @BeforeAll
  static void start() {
    vault = StockVault.started();
  }

  @AfterAll
  static void stop() {
    vault.close();
  }

  @Override
  Place place() {
    return new Place() {
      @Override
      public URI address() {
        return vault.address();
      }

      @Override
      public String role() {
        return vault.role();
      }

      @Override
      public DatabaseSettings database() {
        return vault.database();
      }

      @Override
      public String jwt() {
        return vault.jwt();
      }
    };
  }
}
