package dev.countersign.idp;

import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.VerificationKeys;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// The keys of one issuer: the one that signs now, the next one, published ahead, and the previous
/// one, published for as long as its tokens may live.
///
/// Threads may share it.
public final class SigningKeys {
  private final Supplier<SigningKey> maker;
  private final List<SigningKey> previous = new ArrayList<>();
  private FutureTask<SigningKey> current;
  private FutureTask<SigningKey> next;

  private SigningKeys(Supplier<SigningKey> maker) {
    this.maker = maker;
    current = new FutureTask<>(maker::get);
    next = new FutureTask<>(maker::get);
  }

  /// Keys with certificates, as Entra's.
  public static SigningKeys certified(InstantSource clock) {
    return new SigningKeys(() -> SigningKey.certified(clock.instant())).prepare();
  }

  /// Keys without certificates, as Okta's.
  public static SigningKeys plain() {
    return new SigningKeys(SigningKey::plain).prepare();
  }

  /// Keys without certificates that are made when first asked for.
  public static SigningKeys plainWhenNeeded() {
    return new SigningKeys(SigningKey::plain);
  }

  /// The key that signs now.
  public synchronized SigningKey current() {
    if (!next.isDone() && !current.isDone()) {
      prepare();
    }
    return await(current);
  }

  /// All keys that a verifier should accept, the signing one first. The next one appears as soon as
  /// it is made.
  public synchronized List<SigningKey> published() {
    var keys = new ArrayList<SigningKey>();
    keys.add(await(current));
    if (next.isDone()) {
      keys.add(await(next));
    }
    keys.addAll(previous);
    return keys;
  }

  /// Signs with the next key from now on and keeps publishing the previous one.
  public synchronized void rotate() {
    SigningKey retired = await(current);
    await(next);
    previous.clear();
    previous.add(retired);
    current = next;
    next = new FutureTask<>(maker::get);
    prepare();
  }

  /// Signs with the next key from now on and withdraws all earlier ones, as after a compromise.
  public synchronized void replace() {
    rotate();
    previous.clear();
  }

  /// These keys, to check this issuer's own tokens.
  public KeySource source() {
    return _ -> VerificationKeys.of(published().stream().map(SigningKey::publicKey).toList());
  }

  // RSA keys take a noticeable part of a second each, so they are made beside the start-up.
  private SigningKeys prepare() {
    FutureTask<SigningKey> first = current;
    FutureTask<SigningKey> second = next;
    Thread.ofPlatform()
        .daemon()
        .name("idp-keys")
        .start(() -> {
          first.run();
          second.run();
        });
    return this;
  }

  private static SigningKey await(FutureTask<SigningKey> key) {
    key.run(); // does nothing if it has run or is running
    try {
      return key.get();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a key was made", interrupted);
    } catch (ExecutionException failed) {
      throw new IllegalStateException("a key cannot be made", failed);
    }
  }
}
