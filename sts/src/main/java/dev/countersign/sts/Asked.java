package dev.countersign.sts;

import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.Presented;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One token request whose client proved itself.
///
/// @param binding the key that the token will be bound to, or null
record Asked(Call call, Client client, Presented presented, Possession.@Nullable Binding binding) {
  Map<String, String> form() {
    return presented.form();
  }

  Asked as(Call known) {
    return new Asked(known, client, presented, binding);
  }
}
