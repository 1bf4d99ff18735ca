package dev.countersign.sts.keys;

import com.nimbusds.jose.jwk.JWK;
import dev.countersign.protocol.JwtSigner;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerificationKeys;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// Our signing keys: made at the first start, replaced on schedule. A new key is published first
/// and signs later, so that nobody meets a token before its key; an old one stays until its last
/// token has expired.
///
/// Replicas agree because who signs is a matter of the rows and the clock. Threads may share it.
public final class SigningKeys implements KeySource {
  // Every token that we sign ends within this; see StsConfig.
  private static final Duration LONGEST_TOKEN = Duration.ofMinutes(10);
  private static final Duration BRAKE = Duration.ofSeconds(5);

  private final KeyStore store;
  private final KeySettings settings;
  private final InstantSource clock;
  private final ReentrantLock loading = new ReentrantLock();
  private final Map<String, JwtSigner> signers = new ConcurrentHashMap<>();
  private volatile Snapshot latest;
  private volatile Instant nextLook = Instant.MIN;

  /// Loads the keys, and makes those that are missing.
  public SigningKeys(KeyStore store, KeySettings settings, InstantSource clock) {
    this.store = store;
    this.settings = settings;
    this.clock = clock;
    this.latest = new Snapshot(List.of());
    maintain();
  }

  /// Makes what is missing or due, and reads what other replicas made.
  public void maintain() {
    loading.lock();
    try {
      Instant now = clock.instant();
      Snapshot known = new Snapshot(store.published(now));
      boolean changed = false;
      for (String algorithm : settings.needed()) {
        Optional<SigningKey> newest = known.newest(algorithm);
        if (newest.isEmpty()) {
          changed |= add(SigningKey.generate(algorithm, now, now), newest);
        } else if (isDue(newest.get(), now)) {
          changed |= rotate(algorithm, newest, now);
        }
      }
      latest = changed ? new Snapshot(store.published(now)) : known;
      if (settings.needed().stream().anyMatch(name -> latest.newest(name).isEmpty())) {
        // Another replica made the missing key at the same moment.
        latest = new Snapshot(store.published(now));
      }
    } finally {
      loading.unlock();
    }
  }

  private boolean isDue(SigningKey newest, Instant now) {
    Instant successorSigns = newest.signsFrom().plus(settings.rotateEvery());
    return !now.plus(settings.publishAhead()).isBefore(successorSigns);
  }

  private boolean rotate(String algorithm, Optional<SigningKey> newest, Instant now) {
    return add(SigningKey.generate(algorithm, now, now.plus(settings.publishAhead())), newest);
  }

  private boolean add(SigningKey key, Optional<SigningKey> newest) {
    return store.add(
        key,
        newest.map(SigningKey::id),
        key.signsFrom().plus(LONGEST_TOKEN).plus(settings.publishAhead()));
  }

  /// Replaces the key of an algorithm ahead of schedule, with the usual overlap.
  ///
  /// @return whether this call did it; false where another did meanwhile
  public boolean rotate(String algorithm) {
    Instant now = clock.instant();
    boolean done = rotate(algorithm, new Snapshot(store.published(now)).newest(algorithm), now);
    maintain();
    return done;
  }

  /// Replaces the key of an algorithm at once, since it may be known to others: tokens that it
  /// signed are refused from now on.
  ///
  /// @return whether this call did it; false where another did meanwhile
  public boolean replaceCompromised(String algorithm) {
    Instant now = clock.instant();
    Optional<SigningKey> newest = new Snapshot(store.published(now)).newest(algorithm);
    boolean done =
        store.add(SigningKey.generate(algorithm, now, now), newest.map(SigningKey::id), now);
    maintain();
    return done;
  }

  /// Signs tokens for this audience now.
  public JwtSigner signerFor(String audience) {
    return signer(settings.algorithmFor(audience));
  }

  /// Signs what only we read.
  public JwtSigner signer() {
    return signer(settings.algorithm());
  }

  private JwtSigner signer(String algorithm) {
    SigningKey key = latest.signing(algorithm, clock.instant());
    return signers.computeIfAbsent(key.id(), _ -> new JwtSigner(key.reveal()));
  }

  /// The public halves, the oldest first.
  public List<JWK> published() {
    Instant now = clock.instant();
    return latest.keys.stream()
        .filter(key -> key.isPublishedAt(now))
        .map(SigningKey::published)
        .toList();
  }

  /// Every key as it stands.
  public List<SigningKey> all() {
    return latest.keys;
  }

  /// Which key signs now for an algorithm.
  public Optional<String> signing(String algorithm) {
    return latest.newest(algorithm).isEmpty()
        ? Optional.empty()
        : Optional.of(latest.signing(algorithm, clock.instant()).id());
  }

  @Override
  public VerificationKeys keys(String kid) {
    Snapshot known = latest;
    Instant now = clock.instant();
    if (!kid.isEmpty() && !known.has(kid) && !now.isBefore(nextLook)) {
      nextLook = now.plus(BRAKE);
      maintain();
      known = latest;
    }
    return known.verification(now);
  }

  /// The keys at one moment.
  private static final class Snapshot {
    private final List<SigningKey> keys;
    private final Map<String, List<SigningKey>> byAlgorithm = new HashMap<>();
    private volatile Verification verification = new Verification(List.of());

    Snapshot(List<SigningKey> keys) {
      this.keys = keys.stream().sorted(Comparator.comparing(SigningKey::signsFrom)).toList();
      for (SigningKey key : this.keys) {
        byAlgorithm.computeIfAbsent(key.algorithm(), _ -> new ArrayList<>()).add(key);
      }
    }

    Optional<SigningKey> newest(String algorithm) {
      List<SigningKey> own = byAlgorithm.getOrDefault(algorithm, List.of());
      return own.isEmpty() ? Optional.empty() : Optional.of(own.getLast());
    }

    SigningKey signing(String algorithm, Instant now) {
      List<SigningKey> own = byAlgorithm.getOrDefault(algorithm, List.of());
      SigningKey signing = null;
      for (SigningKey key : own) {
        if (signing == null || !key.signsFrom().isAfter(now)) {
          signing = key;
        }
      }
      if (signing == null) {
        throw new KeysUnavailableException("there is no signing key for " + algorithm);
      }
      return signing;
    }

    boolean has(String kid) {
      return keys.stream().anyMatch(key -> key.id().equals(kid));
    }

    VerificationKeys verification(Instant now) {
      List<SigningKey> published = keys.stream().filter(key -> key.isPublishedAt(now)).toList();
      Verification ready = verification;
      if (!ready.of.equals(published)) {
        ready = new Verification(published);
        verification = ready;
      }
      return ready.keys;
    }
  }

  /// Verifiers of some keys, made once.
  private static final class Verification {
    private final List<SigningKey> of;
    private final VerificationKeys keys;

    Verification(List<SigningKey> of) {
      this.of = of;
      this.keys = VerificationKeys.of(of.stream().map(SigningKey::published).toList());
    }
  }
}
