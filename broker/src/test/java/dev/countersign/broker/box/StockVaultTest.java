package dev.countersign.broker.box;

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
    return vault;
  }
}
