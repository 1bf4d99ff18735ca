package dev.countersign.server.prove;

import java.net.URI;
import java.util.List;
import java.util.Optional;

/// A person who answers approvals during a run: signs in on the token service's page, reads the
/// mail and types its code.
public interface Approver {
  /// How many mails have come.
  int mails();

  /// The code in the newest mail to a person that came after the first `after` ones; waits for it.
  Optional<String> code(String person, int after);

  /// Types codes on the page of an approval as a person who is signed in, one after the other,
  /// until the page asks for none.
  void answer(URI page, String person, List<String> codes);

  /// A page as a stranger's browser shows it.
  String shown(URI page);
}
