package dev.countersign.sts;

import dev.countersign.policy.AccessRequest;
import dev.countersign.policy.Decision;
import tools.jackson.databind.JsonNode;

/// Takes what somebody is to be told because a rule says so.
@FunctionalInterface
public interface Notices {

  /// Keeps a notice for each of those whom the decision's rules name, durable before it returns.
  ///
  /// @param details what is asked for, without what no audit may hold
  void tell(String jti, AccessRequest asked, JsonNode details, Decision decision);
}
