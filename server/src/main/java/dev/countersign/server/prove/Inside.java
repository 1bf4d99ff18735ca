package dev.countersign.server.prove;

import com.nimbusds.jose.jwk.ECKey;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.ledger.postgres.Checkpoints;
import java.util.Map;
import javax.sql.DataSource;
import tools.jackson.databind.node.ObjectNode;

/// What is known of an installation only where its data folder is: some attacks need it, and are
/// not tried from outside.
///
/// @param boxKeys each box's own private key, for attacks with one box's key on another
/// @param boxLogins each box's own login in the state's database
/// @param auditor reads the ledger
/// @param ledgerKeys those that sign checkpoints, as a JWK Set
/// @param checkpoints signs one
public record Inside(
    Map<String, ECKey> boxKeys,
    Map<String, DatabaseSettings> boxLogins,
    DataSource auditor,
    ObjectNode ledgerKeys,
    Checkpoints checkpoints) {
  public Inside {
    boxKeys = Map.copyOf(boxKeys);
    boxLogins = Map.copyOf(boxLogins);
  }
}
