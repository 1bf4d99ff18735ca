package dev.countersign.sts.stepup;

import dev.countersign.protocol.Secret;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who is at the approval page, and who has left it for their identity provider, for all replicas.
public interface PageVisits {

  /// Remembers somebody who leaves.
  void leave(Attempt attempt);

  /// Takes an attempt back, once.
  ///
  /// @param browser the browser that comes back, which must be the one that left
  /// @param since when it must have left at the earliest
  Optional<Attempt> comeBack(Secret state, Secret browser, Instant since);

  /// Remembers somebody who signed in.
  void enter(Secret browser, Visit visit);

  /// Who is at this browser, unless their sessions were ended since they signed in.
  Optional<Visit> of(Secret browser, Instant now);

  /// Forgets who is at this browser.
  void signOut(Secret browser);

  /// A sign-in that has left for the provider.
  ///
  /// @param target where it comes back to: an approval's id, or the word of another page
  /// @param approves whether the sign-in itself is to be the proof
  /// @param number the matching number that was typed with it, or empty
  record Attempt(
      Secret state,
      Secret browser,
      String anchor,
      String target,
      boolean approves,
      String number,
      Secret nonce,
      Secret verifier,
      Instant startedAt) {}

  /// Somebody at the page.
  ///
  /// @param name what the provider calls the person, for the page
  /// @param signedInAt when they came here
  /// @param authenticatedAt when they last authenticated at the provider, or null if it does not
  ///   say
  /// @param marks what they are for those whom a policy lets approve for others
  record Visit(
      String subject,
      String name,
      Instant signedInAt,
      @Nullable Instant authenticatedAt,
      Instant expiresAt,
      Set<String> marks) {
    public Visit {
      marks = Set.copyOf(marks);
    }

    /// Who it is.
    public Visitor visitor() {
      return new Visitor(subject, marks, signedInAt);
    }
  }
}
