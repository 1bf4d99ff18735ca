package dev.countersign.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.StockVault;
import dev.countersign.gateway.GatewayConfig.VaultAddress;
import dev.countersign.gateway.GatewayConfig.VaultAddress.Paths;
import dev.countersign.gateway.http.VaultWire;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.http.WireClient;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The gateway drives a real OpenBao, or the Vault that `VAULT_ADDR` and `VAULT_TOKEN` name.
@Tag("slow")
class StockVaultWireTest {
  @SuppressWarnings("NullAway.Init")
  private static StockVault vault;

  @SuppressWarnings("NullAway.Init")
  private static VaultWire wire;

  @BeforeAll
  static void start() {
    vault = StockVault.started();
    wire =
        new VaultWire(
            new VaultAddress(vault.address(), Paths.DATABASE, "jwt", "database", ""),
            new WireClient());
  }

  @AfterAll
  static void stop() {
    vault.close();
  }

  @Test
  void mintsALoginThatWorksAndIsGoneWhenItIsRevoked() throws SQLException {
    MintResult result = wire.mint(vault.role(), new Secret(vault.jwt()));
    Lease lease = ((MintResult.Minted) result).lease();
    DatabaseSettings login = vault.database().as(lease.username(), lease.password());
    Database.connect(login).close();

    assertThat(wire.revoke(lease)).isTrue();

    assertThatThrownBy(() -> Database.connect(login)).isInstanceOf(SQLException.class);
  }

  @Test
  void isRefusedWithATokenThatTheVaultDoesNotTrust() {
    assertThat(wire.mint(vault.role(), new Secret("eyJ.eyJ.x")))
        .isInstanceOf(MintResult.Refused.class);
    assertThat(wire.mint("nowhere", new Secret(vault.jwt())))
        .isInstanceOf(MintResult.Refused.class);
  }
}
