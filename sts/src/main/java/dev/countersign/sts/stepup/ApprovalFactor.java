package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;

/// One way in which a person proves that it is they who approve. Another way is one class more.
public interface ApprovalFactor {

  Factor kind();

  /// Brings the request to its person: sends a code, or does nothing where the person comes to the
  /// page. No transaction is open here.
  ///
  /// @param subject the subject key of who is to approve
  /// @param wanted whether the person asks for it, so that a code is sent again
  Reach reach(Approval approval, String subject, boolean wanted);

  /// Whether a proof shows that whoever answers approves exactly this. Called while nobody else
  /// answers for the person.
  Verdict check(Approvals.Turn turn, Proof proof);

  /// How far a factor came towards the person.
  sealed interface Reach {
    /// A code is with the next server, or is just being handed over.
    record Sent() implements Reach {}

    /// The person can prove it on the page.
    record OnPage() implements Reach {}

    /// The person has nothing for this factor.
    record Nothing() implements Reach {}

    /// It did not work.
    ///
    /// @param reason for people: where to, masked, and why not
    record NotSent(String reason) implements Reach {}
  }

  /// What a factor says of a proof.
  sealed interface Verdict {
    /// It proves it.
    ///
    /// @param evidence what the ledger keeps of it, one word or id
    record Right(String evidence) implements Verdict {}

    /// It proves nothing.
    record Wrong() implements Verdict {}

    /// There is nothing here that it could prove.
    record NotAsked() implements Verdict {}
  }
}
