package dev.countersign.sts.box;

import dev.countersign.config.ConfigException;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Policy;
import dev.countersign.protocol.Digest;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.UnavailableException;
import dev.countersign.sts.CurrentPolicy;
import dev.countersign.sts.PolicyStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the policy in force at this replica: takes what changes in its files and tells the others,
/// and takes what others put in force. A policy that does not load changes nothing.
final class PolicyLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PolicyLoop.class);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final int OFTEN_QUIET = 30;

  private final CurrentPolicy current;
  private final PolicyStore store;
  private final PolicyFiles files;
  private final Function<Policy, List<String>> objections;
  private final Ledger ledger;
  private final InstantSource clock;
  private final Thread thread;
  private String ownPrint = "";
  private List<Path> named = List.of();
  private String print;
  private String unusable = "";

  /// Puts the files' policy in force, unless a newer one is.
  ///
  /// @param objections what is missing at this installation for a policy to work
  PolicyLoop(
      CurrentPolicy current,
      PolicyStore store,
      PolicyFiles files,
      Function<Policy, List<String>> objections,
      Ledger ledger,
      InstantSource clock) {
    this.current = current;
    this.store = store;
    this.files = files;
    this.objections = objections;
    this.ledger = ledger;
    this.clock = clock;
    this.print = print();
    begin();
    this.thread = Thread.ofVirtual().name("sts-policy").start(this::run);
  }

  private void begin() {
    Policy own = current.get();
    Optional<PolicyStore.InForce> other = store.inForce();
    if (other.isPresent()
        && !other.get().version().equals(own.version())
        && modified().map(other.get().since()::isAfter).orElse(false)
        && take(other.get())) {
      LOG.warn(
          "the policy {} was put in force after this replica's files were written, so it runs and"
              + " not theirs; save the file again to put it in force",
          current.get().version());
    } else if (other.isEmpty() || !other.get().version().equals(current.get().version())) {
      store.activate(own.version(), own.document(), clock.instant());
    }
  }

  private void run() {
    boolean wasAway = false;
    int quiet = 0;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        boolean isNews = store.await(LOOK);
        lookAtFiles();
        if (isNews || ++quiet >= OFTEN_QUIET) {
          quiet = 0;
          lookAtStore();
        }
        wasAway = false;
      } catch (InterruptedException end) {
        return;
      } catch (UnavailableException away) {
        if (!wasAway) {
          LOG.warn("policies of other replicas wait: {}", away.getMessage());
        }
        wasAway = true;
      } catch (RuntimeException broken) {
        LOG.error("the policy loop met a fault and goes on", broken);
      }
    }
  }

  private void lookAtFiles() {
    String now = print();
    if (now.equals(print)) {
      return;
    }
    try {
      Policy changed = files.read().get();
      List<String> missing = objections.apply(changed);
      if (!missing.isEmpty()) {
        throw new ConfigException(missing);
      }
      if (!changed.version().equals(current.get().version())) {
        tell(LedgerEvent.POLICY_ACTIVATED, changed.version(), "a file changed");
        store.activate(changed.version(), changed.document(), clock.instant());
        current.replace(changed);
        LOG.info("the policy {} is in force", changed.version());
      }
    } catch (ConfigException faulty) {
      faulty
          .problems()
          .forEach(problem -> LOG.error("the changed policy is not used: {}", problem));
      tell(LedgerEvent.POLICY_REFUSED, "", faulty.problems().getFirst());
    }
    print = now;
  }

  private void lookAtStore() {
    Optional<PolicyStore.InForce> other = store.inForce();
    if (other.isPresent() && !other.get().version().equals(current.get().version())) {
      if (take(other.get())) {
        LOG.info("the policy {} is in force", other.get().version());
      }
    }
  }

  /// Uses what another replica put in force, if this program can.
  private boolean take(PolicyStore.InForce other) {
    if (other.version().equals(unusable)) {
      return false;
    }
    try {
      Policy theirs = Policy.parse("policy " + other.version(), other.document());
      List<String> missing = objections.apply(theirs);
      if (!missing.isEmpty()) {
        throw new ConfigException(missing);
      }
      if (!theirs.version().equals(other.version())) {
        throw new ConfigException(List.of("its content is not that of its version"));
      }
      current.replace(theirs);
      return true;
    } catch (ConfigException faulty) {
      unusable = other.version();
      LOG.error(
          "the policy {} of another replica is not used: {}",
          other.version(),
          faulty.problems().getFirst());
      return false;
    }
  }

  private void tell(LedgerEvent event, String version, String reason) {
    ledger.append(
        new LedgerEntry(
            event,
            "",
            "",
            StrictJson.object().put("policy_version", version).put("reason", reason)));
  }

  /// What the files hold, and those that they name, in one text that changes when they do.
  private String print() {
    String own = print(files.files());
    if (!own.equals(ownPrint)) {
      ownPrint = own;
      named = files.named().get();
    }
    return own + print(named);
  }

  private static String print(List<Path> all) {
    var print = new StringBuilder();
    for (Path file : all) {
      try {
        print.append(Digest.sha256(Files.readAllBytes(file)));
      } catch (IOException unreadable) {
        print.append('?');
      }
      print.append('\n');
    }
    return print.toString();
  }

  private Optional<Instant> modified() {
    Instant newest = Instant.MIN;
    for (Path file : Stream.concat(files.files().stream(), named.stream()).toList()) {
      try {
        Instant modified = Files.getLastModifiedTime(file).toInstant();
        newest = modified.isAfter(newest) ? modified : newest;
      } catch (IOException unreadable) {
        return Optional.empty();
      }
    }
    return files.files().isEmpty() ? Optional.empty() : Optional.of(newest);
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join(Duration.ofSeconds(3));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
