package dev.countersign.sts;

import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Decision;

/// Takes what somebody is to be told because a rule says so.
@FunctionalInterface
public interface Notices {

  /// Keeps a notice for each of those whom the decision's rules name, durable before it returns.
  void tell(String jti, AccessRequest asked, Decision decision);
}
