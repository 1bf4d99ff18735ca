package dev.countersign.server;

import dev.countersign.box.Logs;
import dev.countersign.config.ConfigException;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.sts.keys.SigningKey;
import dev.countersign.sts.keys.SigningKeys;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `countersign keys`: the token service's signing keys.
@Command(
    name = "keys",
    mixinStandardHelpOptions = true,
    description = "Shows and replaces the token service's signing keys.",
    footer = {
      "",
      "Keys are replaced on schedule by themselves (sts.keys.rotate-every). Every replica sees a"
          + " change within a minute, and a new key's first token at once."
    })
final class KeysCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the keys that are published: which signs, and until when.")
  int list(@Mixin ConfigOption config) {
    Logs.configure(Logs.Format.HUMAN);
    try (var state = TokenServiceState.open(config)) {
      print(state.keys());
    }
    return 0;
  }

  @Command(
      name = "rotate",
      mixinStandardHelpOptions = true,
      description = {
        "Makes a new key ahead of schedule: published now, signing after sts.keys.publish-ahead.",
        "With --compromised: the old key is gone and the new one signs at once; tokens that the old"
            + " one signed are refused."
      })
  int rotate(
      @Mixin ConfigOption config,
      @Option(
              names = "--algorithm",
              paramLabel = "<name>",
              description = "ES256, EdDSA, RS256 or PS256; default: every algorithm in use")
          @Nullable String algorithm,
      @Option(names = "--compromised", description = "the key may be known to others")
          boolean compromised) {
    Logs.configure(Logs.Format.HUMAN);
    try (var state = TokenServiceState.open(config)) {
      SigningKeys keys = state.keys();
      List<String> used =
          keys.all().stream().map(SigningKey::algorithm).distinct().sorted().toList();
      if (algorithm != null && !used.contains(algorithm)) {
        throw new ConfigException(
            List.of("--algorithm must be one in use: " + String.join(", ", used)));
      }
      for (String name : algorithm == null ? used : List.of(algorithm)) {
        boolean done = compromised ? keys.replaceCompromised(name) : keys.rotate(name);
        if (done) {
          state.note(
              LedgerEvent.KEY_CHANGED, compromised ? "replaced, compromised" : "rotated", name);
        }
      }
      print(keys);
    }
    return 0;
  }

  private static void print(SigningKeys keys) {
    Instant now = InstantSource.system().instant();
    System.out.println(
        keys.all().stream()
            .map(key -> line(keys, key, now))
            .collect(Collectors.joining(System.lineSeparator())));
  }

  private static String line(SigningKeys keys, SigningKey key, Instant now) {
    boolean signs = keys.signing(key.algorithm()).filter(key.id()::equals).isPresent();
    String since =
        signs
            ? "signs since " + key.signsFrom()
            : key.signsFrom().isAfter(now) ? "signs from " + key.signsFrom() : "signs no more";
    return "%-6s %s  %s%s"
        .formatted(
            key.algorithm(),
            key.id(),
            since,
            key.removedAt() == null ? "" : ", published until " + key.removedAt());
  }
}
