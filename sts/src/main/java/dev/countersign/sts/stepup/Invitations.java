package dev.countersign.sts.stepup;

import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import java.net.URI;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Writes to those who may approve a request of somebody else, if the policy names them: what it
/// is, for whom, and where the page is. No code: whoever opens the page proves there who they are.
/// Whoever is meant by a group or a role is told by the person who asks. Threads may share it.
public final class Invitations {
  private static final String PERSON = "person ";
  private static final int MOST = 20;

  private final InvitationSender sender;
  private final Approvals approvals;
  private final DeliveryAddresses addresses;
  private final ApprovalLedger ledger;
  private final InstantSource clock;

  public Invitations(
      InvitationSender sender,
      Approvals approvals,
      DeliveryAddresses addresses,
      ApprovalLedger ledger,
      InstantSource clock) {
    this.sender = sender;
    this.approvals = approvals;
    this.addresses = addresses;
    this.ledger = ledger;
    this.clock = clock;
  }

  /// Writes once for each approval, however often the call is repeated.
  ///
  /// @return why nobody can approve it; empty if somebody can
  Optional<String> send(Approval approval, URI page) {
    Set<String> named = named(approval);
    boolean isOpenToOthers =
        approval.approvers().stream()
            .allMatch(set -> set.stream().anyMatch(mark -> !mark.startsWith(PERSON)));
    if (named.isEmpty()) {
      return isOpenToOthers
          ? Optional.empty()
          : Optional.of("found nobody who may approve it: it takes somebody else");
    }
    if (!approvals.claimInviting(approval.id(), clock.instant())) {
      return Optional.empty();
    }
    var failures = new ArrayList<String>();
    int sent = 0;
    for (String subject : named.stream().limit(MOST).toList()) {
      Optional<String> failure = invite(approval, subject, page);
      failure.ifPresent(failures::add);
      sent += failure.isEmpty() ? 1 : 0;
    }
    return sent > 0 || isOpenToOthers ? Optional.empty() : Optional.of(String.join("; ", failures));
  }

  /// Those who are named as people, and can be in every set.
  private static Set<String> named(Approval approval) {
    List<Set<String>> sets = approval.approvers();
    var named = new TreeSet<String>();
    for (Set<String> set : sets) {
      for (String mark : set) {
        boolean isPossible =
            mark.startsWith(PERSON)
                && sets.stream()
                    .allMatch(other ->
                        other.contains(mark)
                            || other.stream().anyMatch(one -> !one.startsWith(PERSON)));
        if (isPossible) {
          named.add(mark.substring(PERSON.length()));
        }
      }
    }
    named.remove(approval.person().key());
    return named;
  }

  private Optional<String> invite(Approval approval, String subject, URI page) {
    Instant now = clock.instant();
    Optional<DeliveryAddresses.Known> to = addresses.stored(subject);
    if (to.isEmpty()) {
      return Optional.of("know no mail address of a person who may approve it");
    }
    Optional<Instant> from = addresses.usableFrom(Factor.EMAILOTP, subject, to.get(), now);
    if (from.isPresent()) {
      return failed(approval, subject, to.get(), "the address is new, and is not used yet");
    }
    try {
      sender.invite(to.get().address().reveal(), approval, page);
    } catch (CodeSender.NotSent failed) {
      return failed(approval, subject, to.get(), String.valueOf(failed.getMessage()));
    }
    ledger.note(
        LedgerEvent.APPROVAL_SENT,
        approval,
        data ->
            data.put("channel", "invitation")
                .put("approver", subject)
                .put("to", to.get().masked())
                .put("digest", approval.details().digest()));
    return Optional.empty();
  }

  private Optional<String> failed(
      Approval approval, String subject, DeliveryAddresses.Known to, String why) {
    ledger.note(
        LedgerEvent.APPROVAL_FAILED,
        approval,
        data ->
            data.put("channel", "invitation")
                .put("approver", subject)
                .put("to", to.masked())
                .put("reason", "the invitation was not sent: " + why)
                .put("final", false));
    return Optional.of("could not send to " + to.masked() + ": " + why);
  }
}
